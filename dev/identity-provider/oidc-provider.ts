/**
 * oidc-provider complains about Node 20 while it is imported. It runs there from 20.19 on (measured
 * with 9.13), so that one complaint is swallowed and every other is let through.
 */
async function importQuietly(): Promise<typeof import('oidc-provider')> {
  const { warn } = console;
  console.warn = (...args) => {
    if (!String(args[0]).includes('oidc-provider WARNING: Unsupported runtime')) {
      warn(...args);
    }
  };
  try {
    return await import('oidc-provider');
  } finally {
    console.warn = warn;
  }
}

export const { Provider, errors, interactionPolicy } = await importQuietly();
