#!/usr/bin/env bash
# Runs a PostgreSQL and a MariaDB that are private to one test program: own directory, loopback only, own password.
#
#   databases.sh -has NAME                      looks for postgres or mariadb
#   databases.sh run DIR POSTGRES MARIADB       starts both on these ports, prints "NAME ready" for each one that serves, and
#                                               stops them when its input ends; DIR is made anew and removed afterwards. A port
#                                               of 0 starts none of that kind
#
# A server that is not installed is left out; .ci/needs.sh installs them on Debian. Where DIR.tls holds server.crt, server.key
# and ca.crt, they offer TLS. Their user and password are pergola and "pass word'1", so that nobody forgets to quote one.
set -euo pipefail

password="pass word'1"

# Debian keeps the programs of a PostgreSQL server apart from the PATH.
newest=$(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -V | tail -n 1) || true
PATH=$PATH${newest:+:$newest}

has() {
  case $1 in
    postgres) type -P postgres initdb pg_isready >/dev/null ;;
    mariadb) type -P mariadbd mariadb-install-db mariadb-admin >/dev/null ;;
  esac
}

if [ "${1:-}" = -has ]; then
  has "$2"
  exit
fi

[ "${1:-}" = run ] && [ $# -eq 4 ] || { sed -n '2,12s/^# \{0,1\}//p' "$0" >&2; exit 2; }
dir=$2 postgres_port=$3 mariadb_port=$4
pids=()

finish() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do kill -TERM "$pid" 2>/dev/null || true; done
  for pid in ${pids[@]+"${pids[@]}"}; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$dir"
}
trap finish EXIT
trap 'exit 1' INT TERM HUP

# Servers do not run as root: then the directory and the servers are nobody's.
as=()
mkdir -p "$dir"
if [ -d "$dir.tls" ]; then cp "$dir.tls"/* "$dir"; fi
if [ -e "$dir/server.key" ]; then chmod 600 "$dir/server.key"; fi
if [ "$(id -u)" -eq 0 ]; then
  chown -R 65534:65534 "$dir"
  as=(setpriv --pdeathsig TERM --reuid=65534 --regid=65534 --clear-groups)
fi
run() { (cd "$dir" && exec ${as[@]+"${as[@]}"} "$@"); }

# spawn NAME COMMAND... starts a server. The shell of the parentheses becomes the server, so $! is its process.
spawn() {
  local log=$dir/$1.log
  shift
  (cd "$dir" && exec ${as[@]+"${as[@]}"} "$@") >"$log" 2>&1 </dev/null &
  pids+=($!)
}

# ready NAME PID COMMAND... waits until a command succeeds, and says so.
ready() {
  local name=$1 pid=$2
  shift 2
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then
      echo "$name ready"
      return
    fi
    if ! kill -0 "$pid" 2>/dev/null; then break; fi
    sleep 0.1
  done
  echo "$name does not start:" >&2
  tail -n 20 "$dir/$name.log" >&2
  exit 1
}

start_postgres() {
  local tls=()
  run sh -c 'umask 077; printf "%s\n" "$1" > password' sh "$password"
  run initdb -D "$dir/postgres" -U pergola --pwfile="$dir/password" -A scram-sha-256 -E UTF8 --locale=C.UTF-8 --no-sync >"$dir/postgres.log" 2>&1 ||
    { tail -n 20 "$dir/postgres.log" >&2; exit 1; }
  if [ -e "$dir/server.crt" ]; then tls=(-c ssl=on -c ssl_cert_file="$dir/server.crt" -c ssl_key_file="$dir/server.key"); fi
  spawn postgres postgres -D "$dir/postgres" -p "$postgres_port" -k "$dir" -c listen_addresses=127.0.0.1 -c fsync=off ${tls[@]+"${tls[@]}"}
  ready postgres $! pg_isready -q -h 127.0.0.1 -p "$postgres_port"
}

start_mariadb() {
  local tls=()
  run mariadb-install-db --no-defaults --datadir="$dir/mariadb" --auth-root-authentication-method=normal --skip-test-db \
    --innodb-log-file-size=4M --skip-name-resolve >"$dir/mariadb.log" 2>&1 || { tail -n 20 "$dir/mariadb.log" >&2; exit 1; }
  run sh -c 'umask 077; cat > init.sql' <<SQL
CREATE DATABASE IF NOT EXISTS pergola CHARACTER SET utf8mb4;
CREATE USER IF NOT EXISTS pergola@'%' IDENTIFIED BY '${password//\'/\'\'}';
GRANT ALL ON *.* TO pergola@'%' WITH GRANT OPTION;
SQL
  if [ -e "$dir/server.crt" ]; then tls=(--ssl-cert="$dir/server.crt" --ssl-key="$dir/server.key" --ssl-ca="$dir/ca.crt"); fi
  spawn mariadb mariadbd --no-defaults --datadir="$dir/mariadb" --socket="$dir/mariadb.sock" --port="$mariadb_port" --bind-address=127.0.0.1 \
    --pid-file="$dir/mariadb.pid" --skip-name-resolve --innodb-log-file-size=4M --innodb-flush-log-at-trx-commit=0 --init-file="$dir/init.sql" \
    ${tls[@]+"${tls[@]}"}
  ready mariadb $! mariadb-admin --no-defaults --socket="$dir/mariadb.sock" -u pergola --password="$password" ping
}

if [ "$postgres_port" != 0 ] && has postgres; then start_postgres; fi
if [ "$mariadb_port" != 0 ] && has mariadb; then start_mariadb; fi
echo all ready
cat >/dev/null
