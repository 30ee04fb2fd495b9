import tls from 'node:tls';

/** Trusts an authority in this process, as `tls__extraCaPath` makes the service do; call the answer to undo it. */
export function trust(caPem: string): () => void {
  const before = tls.getCACertificates('default');
  tls.setDefaultCACertificates([...before, caPem]);
  return () => {
    tls.setDefaultCACertificates(before);
  };
}
