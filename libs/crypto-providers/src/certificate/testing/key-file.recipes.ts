/** How to make one kind of key file with the openssl program. */
export interface KeyFileRecipe {
  readonly name: string;
  readonly commands: readonly string[];
  readonly file: string;
  readonly password: string | undefined;
}

const password = 'päss-wörd-1';
const key = (bits: number): string => `genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:${bits} -out own.key`;
const certificate = 'req -x509 -new -key own.key -sha256 -subj /CN=Throwaway -days 36500 -out own.crt';
const made = [key(2048), certificate];
const pkcs12 = (options: string, secret = password): string =>
  `pkcs12 -export -out own.pfx -inkey own.key -in own.crt -passout pass:${secret}${options}`;
const pfx = (name: string, options: string, secret = password): KeyFileRecipe => ({
  name: `PKCS#12 ${name}`,
  commands: [...made, pkcs12(options, secret)],
  file: 'own.pfx',
  password: secret === '' ? undefined : secret,
});
const tripleDes = ' -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -iter 2000';

/** A second key, for foreign wrappings and mismatches. */
export const otherRecipe = {
  key: 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out other.key',
  certificate: 'req -x509 -new -key other.key -sha256 -subj /CN=Other -days 36500 -out other.crt',
};

/** Every kind of file that must open. */
export const keyFileRecipes: readonly KeyFileRecipe[] = [
  pfx('of OpenSSL 3', ''),
  { ...pfx('of RSA 4096', ''), commands: [key(4096), certificate, pkcs12('')] },
  { ...pfx('of RSA 3072', ''), commands: [key(3072), certificate, pkcs12('')] },
  pfx('of older OpenSSL (RC2-40, 3DES, SHA-1)', ' -legacy'),
  pfx('with RC2-128 and two-key 3DES', ' -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES'),
  pfx('in the algorithms of .NET', tripleDes),
  pfx('with AES-128, PBKDF2 and a SHA-384 MAC', ' -keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha384'),
  pfx('with a SHA-512 MAC and 600,000 rounds', ' -macalg sha512 -iter 600000 -maciter'),
  pfx('with the certificate in the clear', ' -certpbe NONE'),
  pfx('with everything in the clear', ' -certpbe NONE -keypbe NONE'),
  pfx('without MAC', ' -nomac'),
  pfx('with an empty password', '', ''),
  pfx('with an empty password, older algorithms', tripleDes, ''),
  {
    ...pfx('with the chain of its issuers', ''),
    commands: [
      'req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -subj /CN=Issuer -days 36500',
      key(2048),
      'req -new -key own.key -subj /CN=Throwaway -out own.csr',
      'x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 36500 -out own.crt',
      pkcs12(' -certfile ca.crt'),
    ],
  },
  { name: 'PEM, PKCS#8', commands: made, file: 'own.key', password: undefined },
  {
    name: 'PEM, PKCS#8 under a password',
    commands: [...made, `pkcs8 -topk8 -v2 aes-256-cbc -in own.key -out own.enc -passout pass:${password}`],
    file: 'own.enc',
    password,
  },
  {
    name: 'PEM, PKCS#1',
    commands: [...made, 'rsa -in own.key -traditional -out own.rsa'],
    file: 'own.rsa',
    password: undefined,
  },
  {
    name: 'PEM, PKCS#1 under a password',
    commands: [...made, `rsa -in own.key -traditional -aes256 -out own.rsa -passout pass:${password}`],
    file: 'own.rsa',
    password,
  },
  {
    name: 'PEM, key and certificate in one file',
    commands: [key(2048), certificate, pkcs12(''), `pkcs12 -in own.pfx -passin pass:${password} -nodes -out own.pem`],
    file: 'own.pem',
    password: undefined,
  },
];
