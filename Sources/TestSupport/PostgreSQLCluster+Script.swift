extension PostgreSQLCluster {
  /// Makes the cluster, then takes one port a line until the server listens on one, then waits for
  /// the end of its input and removes everything. Its arguments: directory, binaries, user.
  ///
  /// Interrupts are for the test process: the watcher must outlive it to clean up.
  static let script = #"""
    trap '' INT TERM HUP
    directory=$1 binaries=$2 user=$3
    as() { if [ -n "$user" ]; then runuser -u "$user" -- "$@"; else "$@"; fi; }
    clean() {
      as "$binaries/pg_ctl" -D "$directory/data" -m immediate -w -s stop
      rm -rf "$directory"
    } >/dev/null 2>&1
    make() {
      cd "$directory" || return
      as "$binaries/initdb" -D "$directory/data" -U postgres --encoding=UTF8 --locale=C.UTF-8 \
        --auth-local=trust --auth-host=scram-sha-256 --no-sync --no-instructions || return
      as openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 \
        -subj "/CN=sluice test authority" -keyout authority.key -out authority.crt || return
      as openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
        -keyout data/server.key -out server.csr || return
      printf 'subjectAltName=DNS:localhost\n' | as tee server.ext >/dev/null
      as openssl x509 -req -days 2 -in server.csr -CA authority.crt -CAkey authority.key \
        -CAcreateserial -extfile server.ext -out data/server.crt || return
      chmod 755 "$directory" && chmod 644 authority.crt
      as tee -a data/postgresql.conf >/dev/null <<-CONF
    listen_addresses = '127.0.0.1'
    unix_socket_directories = '$directory'
    unix_socket_permissions = 0777
    fsync = off
    full_page_writes = off
    ssl = on
    ssl_cert_file = 'server.crt'
    ssl_key_file = 'server.key'
    log_min_messages = fatal
    CONF
      as tee data/pg_hba.conf >/dev/null <<-HBA
    local all all trust
    hostnossl all tls_only 127.0.0.1/32 reject
    host all all 127.0.0.1/32 scram-sha-256
    HBA
    }
    start() {
      as "$binaries/pg_ctl" -D "$directory/data" -w -s -l "$directory/log" -o "-p $1" start
    }
    roles() {
      as "$binaries/psql" -X -q -v ON_ERROR_STOP=1 -h "$directory" -p "$1" -U postgres <<-SQL
    CREATE ROLE sluice LOGIN PASSWORD 'correct horse battery staple';
    CREATE ROLE tls_only LOGIN PASSWORD 'correct horse battery staple';
    CREATE DATABASE sluice OWNER sluice;
    SQL
    }
    made=no
    while read -r port; do
      if [ $made = no ]; then
        if ! make >"$directory/make.log" 2>&1 </dev/null; then
          cat "$directory/make.log"
          echo failed@
          break
        fi
        made=yes
      fi
      if start "$port" >/dev/null 2>&1 </dev/null; then
        if roles "$port" 2>&1; then echo ready@; else echo failed@; fi
      else
        echo taken@
      fi
    done
    clean
    """#
}
