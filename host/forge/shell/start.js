// Draws the page that the host sends, once. The host sends the document that it would serve to Connect's iframe; what stands around its
// content is this frame's own already. Scripts and styles are named there, and taken from beside this file.
const { pergola } = window;
const root = document.documentElement;
const main = document.getElementById('main');

const nameOf = (address) => address.split('?')[0].split('/').pop();

async function draw() {
  const place = await pergola.place();
  const answer = await pergola.send('page', { method: 'POST', body: JSON.stringify(place) });
  if (!answer.ok) {
    const { error = {}, requestId } = await answer.json().catch(() => ({}));
    throw Object.assign(new Error(error.message || 'That did not work (' + answer.status + '). Try again in a moment.'), { requestId });
  }
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  for (const link of page.querySelectorAll('link[rel=stylesheet]')) {
    const name = nameOf(link.getAttribute('href'));
    if (document.querySelector('link[href="' + name + '"]')) continue;
    document.head.append(Object.assign(document.createElement('link'), { rel: 'stylesheet', href: name }));
  }
  root.className = page.documentElement.className;
  root.dataset.api = page.documentElement.dataset.api;
  document.title = page.title;
  page.querySelector('noscript')?.remove();
  main.replaceChildren(...page.querySelector('main').childNodes);
  main.removeAttribute('aria-busy');
  for (const script of page.querySelectorAll('script[type=module]')) await import('./' + nameOf(script.getAttribute('src')));
}

draw().catch((e) => {
  const notice = document.createElement('div');
  notice.className = 'notice danger';
  notice.setAttribute('role', 'alert');
  const body = notice.appendChild(Object.assign(document.createElement('div'), { className: 'notice-body' }));
  body.append(Object.assign(document.createElement('p'), { className: 'notice-title', textContent: e.message }));
  if (e.requestId) body.append(Object.assign(document.createElement('p'), { textContent: 'Request number ' + e.requestId }));
  main.replaceChildren(notice);
  main.removeAttribute('aria-busy');
});

// A page of the host's own that another one leads to.
document.addEventListener('click', (e) => {
  const to = e.target.closest?.('a[href^="#to="]');
  if (!to) return;
  e.preventDefault();
  pergola.go(to.getAttribute('href').slice('#to='.length));
});
