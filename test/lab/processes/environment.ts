import tls from 'node:tls';

/** Sets environment variables for one test, for libraries that read them by themselves; call the answer to undo it. */
export function setEnvironment(variables: Readonly<Record<string, string>>): () => void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  };
}

/** Trusts an authority in this process, as `tls__extraCaPath` makes the service do; call the answer to undo it. */
export function trust(caPem: string): () => void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, caPem]);
  return () => {
    tls.setDefaultCACertificates(before);
  };
}
