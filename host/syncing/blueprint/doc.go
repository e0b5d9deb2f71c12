// Package blueprint writes a tenant's connections and synchronizations as a file in YAML, and makes them be as such a file says: so
// they can be kept with other code, reviewed, and moved from one site to another. Start with [New].
//
// In a file stand names where the configuration has ids: of connections, synchronizations and fields, keys of projects, names of
// issue types and statuses. Where a name is not unique, the id stands there; ids are understood everywhere. Accounts are ids.
//
//	version: 1
//	connections:
//	  - name: Inventory
//	    plugin: pergola.database
//	    synchronizer: database
//	    settings: {engine: postgresql, host: db.example.com, user: reader}
//	    secrets:
//	      password: {env: DB_PASSWORD}
//	synchronizations:
//	  - name: Laptops
//	    connection: Inventory
//	    mapping:
//	      stream: public.laptops
//	      project: IT
//	      type: {default: Laptop}
//	      fields:
//	        - {field: Summary, column: model}
//	        - {field: Serial number, column: serial}
//	    schedule: {cron: "0 6 * * *", zone: Europe/Berlin}
//
// A mapping has the shape of mapping.Config. A file says everything about what it names: what is left out has its default, and
// a synchronization without a schedule runs by hand. What it does not name stays as it is, unless deleting was asked for. Secrets
// are never written into a file; a file says where whoever imports it has them, and one that is not named stays as it is.
//
// An import is a plan first, of which nothing is done unless all of the file can be understood. Importing a file twice changes nothing.
package blueprint
