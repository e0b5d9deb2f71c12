package tenant

import "github.com/pergola-platform/pergola/core/capability"

// Watch has f called with the id of each tenant that is written or forgotten by way of r, before whoever asked for that is answered: from then
// on nobody has to rely on what was read of it before. f is called also where the write failed, since it may have been carried out all the
// same. It must not call r. What other processes write is not seen.
func (r *Tenants) Watch(f func(capability.TenantID)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watchers = append(r.watchers, f)
}

// written tells those who watch.
func (r *Tenants) written(id capability.TenantID) {
	r.mu.Lock()
	watchers := r.watchers
	r.mu.Unlock()
	for _, f := range watchers {
		f(id)
	}
}
