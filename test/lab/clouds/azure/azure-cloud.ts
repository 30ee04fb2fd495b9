import { tlsCertificate } from '../../files/certificate.ts';
import { ConnectProxy } from '../../network/connect-proxy.ts';
import { trust } from '../../processes/environment.ts';
import { setEnvironment } from '../../processes/environment.ts';
import { type DoubleAnswer, type DoubleRequest, json, type ListeningDouble, startDouble } from '../http-double.ts';
import { type EntraApplication, EntraDouble } from './entra.double.ts';
import { KeyVaultDouble } from './key-vault.double.ts';

/** Where each cloud signs in, by the end of its vaults' names. */
const clouds = {
  'vault.azure.net': 'login.microsoftonline.com',
  'managedhsm.azure.net': 'login.microsoftonline.com',
  'vault.usgovcloudapi.net': 'login.microsoftonline.us',
  'vault.azure.cn': 'login.chinacloudapi.cn',
  // A company's own gateway in front of vaults of the public cloud.
  'company.example': 'login.microsoftonline.com',
} as const;

/** Where tokens are asked for; the Chinese cloud has that under another name than its sign-in. */
const logins = new Set<string>([...Object.values(clouds), 'login.partner.microsoftonline.cn']);

/**
 * Azure as a service sees it from inside a company: under its real names, through the company's proxy, with
 * certificates of an authority that the company added. Nothing leaves the machine.
 */
export class AzureCloud {
  readonly entra = new EntraDouble();
  /** The identity of the machine, for the instance metadata service; none when it has none. */
  identity: EntraApplication | undefined;
  private readonly vaults = new Map<string, KeyVaultDouble>();

  private constructor(
    /** The authority that signed the certificates, PEM. */
    readonly caPem: string,
    private readonly proxy: ConnectProxy,
    private readonly endpoints: { cloud: ListeningDouble; metadata: ListeningDouble },
  ) {}

  static async start(): Promise<AzureCloud> {
    const certificate = tlsCertificate([...Object.keys(clouds).map((suffix) => `*.${suffix}`), ...logins]);
    const proxy = await ConnectProxy.start();
    const cloud = await startDouble((request) => azure.answer(request), certificate);
    const metadata = await startDouble((request) => azure.answerMetadata(request));
    const azure: AzureCloud = new AzureCloud(certificate.caPem, proxy, { cloud, metadata });
    for (const host of logins) proxy.route(host, cloud.port);
    return azure;
  }

  /** Makes a vault, or a managed HSM, in one of the clouds. */
  vault(name: string, suffix: keyof typeof clouds = 'vault.azure.net'): KeyVaultDouble {
    const vault = new KeyVaultDouble(`${name}.${suffix}`, this.entra, clouds[suffix]);
    this.vaults.set(vault.host, vault);
    this.proxy.route(vault.host, this.endpoints.cloud.port);
    return vault;
  }

  /** Names and ports that the proxy was asked for. */
  get tunnels(): string[] {
    return this.proxy.asked;
  }

  /** What leads a process to this cloud: the variables for the proxy. */
  get environment(): Readonly<Record<string, string>> {
    return { HTTPS_PROXY: this.proxy.url, NO_PROXY: '127.0.0.1' };
  }

  /** What leads a process to the instance metadata service, as a cluster with pod identities sets it. */
  get metadataEnvironment(): Readonly<Record<string, string>> {
    return { AZURE_POD_IDENTITY_AUTHORITY_HOST: this.endpoints.metadata.url };
  }

  /** Leads this very process there, and trusts the authority; the returned function undoes it. */
  enter(): () => void {
    const undo = [setEnvironment(this.environment), trust(this.caPem)];
    return () => {
      for (const step of undo) step();
    };
  }

  /** Whether the company has its way to the cloud; open connections stay as they are. */
  set reachable(reachable: boolean) {
    this.proxy.connected = reachable;
  }

  /** Cuts the company off: open connections break, and no new one comes to be until `reachable` is true again. */
  disconnect(): void {
    this.proxy.disconnect();
  }

  stop(): void {
    for (const part of [this.proxy, this.endpoints.cloud, this.endpoints.metadata]) void part.stop();
  }

  private answer(request: DoubleRequest): DoubleAnswer | undefined {
    const host = request.url.hostname;
    if (logins.has(host)) return this.entra.login(request);
    return this.vaults.get(host)?.handle(request);
  }

  private answerMetadata(request: DoubleRequest): DoubleAnswer {
    if (this.identity !== undefined) return this.entra.instanceMetadata(request, this.identity);
    return json(400, { error: 'invalid_request', error_description: 'Identity not found' });
  }
}
