/** How to make one kind of key file with the openssl program, in a folder where `basics` have run. */
export interface KeyFileRecipe {
  readonly name: string;
  readonly commands: readonly string[];
  readonly file: string;
  readonly certificate: string;
  readonly password: string | undefined;
}

const password = 'päss-wörd-1';
const self = (bits: number, name: string): string =>
  `req -x509 -newkey rsa:${bits} -sha256 -nodes -keyout ${name}.key -out ${name}.crt -subj /CN=${name} -days 36500`;

/** `own`, `other` and an issuer `ca`: throwaway keys with certificates. */
export const basics: readonly string[] = [self(2048, 'own'), self(2048, 'other'), self(2048, 'ca')];

const recipe = (name: string, file: string, commands: readonly string[], secret?: string): KeyFileRecipe => ({
  name,
  file,
  commands,
  certificate: 'own.crt',
  password: secret,
});

const pkcs12 = (file: string, options: string, secret: string, name = 'own'): string =>
  `pkcs12 -export -out ${file} -inkey ${name}.key -in ${name}.crt -passout pass:${secret}${options}`;

const pfx = (name: string, options: string, secret = password): KeyFileRecipe => {
  const file = `${name.replaceAll(/[^a-z0-9]+/gi, '-')}.pfx`;
  return recipe(`PKCS#12 ${name}`, file, [pkcs12(file, options, secret)], secret === '' ? undefined : secret);
};

const sized = (bits: number): KeyFileRecipe => {
  const name = `rsa${bits}`;
  const commands = [self(bits, name), pkcs12(`${name}.pfx`, '', password, name)];
  return { ...recipe(`PKCS#12 of RSA ${bits}`, `${name}.pfx`, commands, password), certificate: `${name}.crt` };
};

const chain: KeyFileRecipe = {
  ...recipe(
    'PKCS#12 with the chain of its issuers',
    'chain.pfx',
    [
      'req -new -key own.key -subj /CN=Issued -out own.csr',
      'x509 -req -in own.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 36500 -out issued.crt',
      `pkcs12 -export -inkey own.key -in issued.crt -certfile ca.crt -out chain.pfx -passout pass:${password}`,
    ],
    password,
  ),
  certificate: 'issued.crt',
};

const tripleDes = ' -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 -iter 2000';
const passout = `-passout pass:${password}`;

/** Every kind of file that must open. */
export const keyFileRecipes: readonly KeyFileRecipe[] = [
  pfx('of OpenSSL 3', ''),
  sized(3072),
  sized(4096),
  pfx('of older OpenSSL (RC2-40, 3DES, SHA-1)', ' -legacy'),
  pfx('with RC2-128 and two-key 3DES', ' -legacy -certpbe PBE-SHA1-RC2-128 -keypbe PBE-SHA1-2DES'),
  pfx('in the algorithms of .NET', tripleDes),
  pfx('with AES-128, AES-192 and a SHA-384 MAC', ' -keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha384'),
  pfx('with a SHA-512 MAC and 100,000 rounds', ' -macalg sha512 -iter 100000'),
  pfx('with the certificate in the clear', ' -certpbe NONE'),
  pfx('with everything in the clear', ' -certpbe NONE -keypbe NONE'),
  pfx('without MAC', ' -nomac'),
  pfx('with an empty password', '', ''),
  pfx('with an empty password and older algorithms', tripleDes, ''),
  chain,
  recipe('PEM, PKCS#8', 'own.key', []),
  recipe('PEM, PKCS#8 under a password', 'own.enc', [`pkcs8 -topk8 -in own.key -out own.enc ${passout}`], password),
  recipe('PEM, PKCS#1', 'own.rsa', ['rsa -in own.key -traditional -out own.rsa']),
  recipe(
    'PEM, PKCS#1 under a password',
    'own.aes.rsa',
    [`rsa -in own.key -traditional -aes256 -out own.aes.rsa ${passout}`],
    password,
  ),
  recipe('PEM, key and certificate in one file', 'own.pem', [
    pkcs12('pem.pfx', '', password),
    `pkcs12 -in pem.pfx -passin pass:${password} -nodes -out own.pem`,
  ]),
];
