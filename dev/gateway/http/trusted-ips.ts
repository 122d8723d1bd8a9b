import { BlockList, isIP } from 'node:net';

const CIDR = /^(.*)\/(\d{1,3})$/;

/** The addresses whose `X-Forwarded-…` and `X-Real-IP` headers count: Kong's `trusted_ips`. */
export class TrustedIps {
  readonly #list = new BlockList();
  readonly #isEverybody: boolean;

  /** @throws Error in Kong's words for what is neither an address nor a CIDR block */
  constructor(entries: readonly string[]) {
    for (const entry of entries) if (entry !== 'unix:') this.#add(entry);
    this.#isEverybody = entries.includes('0.0.0.0/0') && entries.includes('::/0');
  }

  has(ip: string): boolean {
    const family = isIP(ip);
    if (family === 0) return this.#isEverybody;
    return this.#list.check(ip, family === 4 ? 'ipv4' : 'ipv6');
  }

  #add(entry: string): void {
    const [, network = entry, prefix] = CIDR.exec(entry) ?? [];
    const family = isIP(network);
    const bits = family === 4 ? 32 : 128;
    const length = Number(prefix ?? bits);
    if (family === 0 || length > bits) {
      throw new Error(
        `trusted_ips must be a comma separated list in the form of IPv4 or IPv6 address or CIDR block or 'unix:', got '${entry}'`,
      );
    }
    this.#list.addSubnet(network, length, family === 4 ? 'ipv4' : 'ipv6');
  }
}
