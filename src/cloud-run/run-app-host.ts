/**
 * The name under which Google's front end knows a service by the URL that Google gave it.
 *
 * @param host of the Kong service
 * @returns undefined for any other host: a custom domain, a load balancer, a private address
 */
export function runAppHost(host: string): string | undefined {
  const name = host.toLowerCase().replace(/\.$/, '');
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.run\.app$/.test(name) ? name : undefined;
}
