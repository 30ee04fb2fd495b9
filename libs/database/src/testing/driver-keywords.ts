const names = (text: string): readonly string[] =>
  text
    .split(/[,\n]/)
    .map((name) => name.trim())
    .filter(Boolean);

/**
 * Every key that the .NET drivers document or know, with its other names, older versions included; and what libpq and
 * JDBC, Prisma, mysql2 and hosting providers put into URLs. From the drivers' public lists of keywords.
 */
export const driverKeywords = {
  postgresql: {
    connectionString: names(`
      Host, Server, Port, Database, DB, Username, User Name, UserId, User Id, UID, Password, PSW, PWD, Passfile
      Application Name, Enlist, Search Path, Client Encoding, Encoding, Timezone
      SSL Mode, SSL Negotiation, SSL Certificate, SSL Key, SSL Password, Root Certificate, Check Certificate Revocation
      Trust Server Certificate, Kerberos Service Name, Krbsrvname, Include Realm, Integrated Security
      Persist Security Info, Log Parameters, Include Error Detail, Include Error Details, Channel Binding, Require Auth
      GSS Encryption Mode, Pooling, Minimum Pool Size, MinPoolSize, Maximum Pool Size, MaxPoolSize
      Connection Idle Lifetime, Connection Pruning Interval, Connection Lifetime, Load Balance Timeout, Timeout
      Command Timeout, Internal Command Timeout, Cancellation Timeout, Target Session Attributes, Load Balance Hosts
      Host Recheck Seconds, Keepalive, TCP Keepalive, TCP Keepalive Time, TCP Keepalive Interval, Read Buffer Size
      Write Buffer Size, Socket Receive Buffer Size, Socket Send Buffer Size, Max Auto Prepare, Auto Prepare Min Usages
      No Reset On Close, Replication Mode, Options, Array Nullability Mode, Multiplexing
      Write Coalescing Buffer Threshold Bytes, Load Table Composites, Server Compatibility Mode, EF Template Database
      EF Admin Database, Entity Template Database, Entity Admin Database, Use Perf Counters, Convert Infinity DateTime
      Use SSL Stream, SSL, Protocol, Compatible, Preload Reader, Sync Notification, Use Extended Types, Buffer Size
      Backend Timeouts, Continuous Processing, Client Certificate, Client Certificate Key`),
    url: names(`
      host, hostaddr, port, dbname, user, password, passfile, require_auth, channel_binding, connect_timeout
      client_encoding, options, application_name, fallback_application_name, keepalives, keepalives_idle
      keepalives_interval, keepalives_count, tcp_user_timeout, replication, gssencmode, sslmode, requiressl
      sslnegotiation, sslcompression, sslcert, sslkey, sslpassword, sslcertmode, sslrootcert, sslcrl, sslcrldir, sslsni
      requirepeer, ssl_min_protocol_version, ssl_max_protocol_version, krbsrvname, gssdelegation, service
      target_session_attrs, load_balance_hosts, ssl, uselibpqcompat, schema, search_path, currentSchema, pgbouncer
      connection_limit, pool_timeout, socket_timeout, statement_cache_size, sslaccept, sslidentity, statement_timeout
      prepared_statements, workaround, supa, ApplicationName, sslfactory`),
  },
  mysql: {
    connectionString: names(`
      Server, Host, Data Source, DataSource, Address, Addr, Network Address, Port, User ID, UserID, Username, Uid
      User name, User, Password, pwd, Database, Initial Catalog, Load Balance, Connection Protocol, ConnectionProtocol
      Protocol, Pipe Name, PipeName, Pipe, SSL Mode, Certificate File, Certificate Password, Certificate Store Location
      Certificate Thumbprint, Certificate Thumb Print, SSL Cert, Ssl-Cert, SSL Key, SSL CA, CACertificateFile
      CA Certificate File, TLS Version, Tls-Version, TLS Cipher Suites, Pooling, Connection Lifetime, ConnectionLifeTime
      Connection Reset, Defer Connection Reset, Connection Idle Ping Time, Connection Idle Timeout, Minimum Pool Size
      Min Pool Size, Maximum Pool Size, Max Pool Size, DNS Check Interval, Allow Load Local Infile
      Allow Public Key Retrieval, Allow User Variables, Allow Zero DateTime, Application Name, Auto Enlist
      Cancellation Timeout, Character Set, CharSet, Connection Timeout, Connect Timeout, Convert Zero DateTime
      DateTime Kind, Default Command Timeout, Command Timeout, Force Synchronous, GUID Format, Ignore Command Transaction
      Ignore Prepare, Interactive Session, Interactive, Keep Alive, Keepalive, No Backslash Escapes, Old Guids
      Persist Security Info, Pipelining, Server Redirection Mode, Server RSA Public Key File, Server SPN
      Treat Tiny As Boolean, Use Affected Rows, Use Compression, Compress, Use XA Transactions
      Allow Batch, Logging, Shared Memory Name, Use Default Command Timeout For EF, Allow Load Local Infile In Path
      Integrated Security, Default Authentication Plugin, OCI Config File, OCI Config Profile, Kerberos Auth Mode
      OpenId Identity Token, WebAuthn Action Requested, Password1, Password2, Password3, pwd1, pwd2, pwd3
      Include Security Asserts, Use Usage Advisor, Usage Advisor, Procedure Cache Size, Procedure Cache
      Use Performance Monitor, UsePerfMon, PerfMon, Respect Binary Flags, Functions Return String, SQL Server Mode
      Table Cache, Table Caching, Default Table Cache Age, Check Parameters, Replication, Exception Interceptors
      Command Interceptors, Cache Server Properties, Treat Blobs As UTF8, BlobAsUTF8IncludePattern
      BlobAsUTF8ExcludePattern, Use Procedure Bodies, Procedure Bodies, Reset Pooled Connections, Old Syntax
      Use Old Syntax, Connection Attributes, ssl-ca-pwd, dns-srv, SSH Host Name, SSH Port, SSH User Name, SSH Password
      SSH Key File, SSH Pass Phrase, Encrypt, SSL`),
    url: names(`
      ssl-mode, sslmode, ssl-ca, ssl-cert, ssl-key, connect-timeout, socket, unix_socket, socketPath, sslaccept
      sslidentity, sslrootcert, ssl, useSSL, requireSSL, verifyServerCertificate, tls, charset, serverTimezone, useUnicode
      characterEncoding, autoReconnect, allowPublicKeyRetrieval, connection_limit, connectionLimit, pool_timeout
      socket_timeout, statement_cache_size`),
  },
  sqlserver: {
    connectionString: names(`
      Addr, Address, App, Application Intent, ApplicationIntent, Application Name, Async, Asynchronous Processing
      AttachDbFilename, Extended Properties, Initial File Name, Attestation Protocol, Authentication
      Column Encryption Setting, Column Encryption, Command Timeout, Connect Retry Count, ConnectRetryCount
      Connect Retry Interval, Connect Timeout, Connection Timeout, Timeout, Connection Lifetime, Connection Reset
      Context Connection, Current Language, Language, Data Source, Server, Network Address, Enclave Attestation Url
      Encrypt, Enlist, Failover Partner, Failover Partner SPN, FailoverPartnerSPN, Host Name In Certificate
      HostNameInCertificate, Initial Catalog, Database, Integrated Security, Trusted_Connection, IP Address Preference
      Load Balance Timeout, Max Pool Size, Min Pool Size, Multiple Active Result Sets, MultipleActiveResultSets
      Multi Subnet Failover, MultiSubnetFailover, Network Library, Net, Network, Packet Size, Password, PWD
      Persist Security Info, PersistSecurityInfo, Pool Blocking Period, PoolBlockingPeriod, Pooling, Replication
      Server Certificate, ServerCertificate, Server SPN, ServerSPN, Transaction Binding
      Transparent Network IP Resolution, TransparentNetworkIPResolution, Trust Server Certificate
      TrustServerCertificate, Type System Version, User ID, UID, User, User Instance, Workstation ID, WSID
      Driver, DSN, FileDSN, SaveFile, Provider, OLE DB Services, File Name, SSL, SSL Mode`),
    url: names(`
      encrypt, trustServerCertificate, databaseName, serverName, portNumber, instanceName, integratedSecurity
      hostNameInCertificate, connection_limit, pool_timeout, socket_timeout, authenticationScheme, user, password`),
  },
  sqlite: {
    connectionString: names(`
      Data Source, DataSource, Filename, Mode, Cache, Password, Foreign Keys, Recursive Triggers, Default Timeout
      Command Timeout, Pooling, Vfs`),
    url: [],
  },
} as const;
