import type { Interaction, Provider } from 'oidc-provider';
import { type DevUser, findUser, USERS } from './users.ts';

type Middleware = Parameters<Provider['use']>[0];

const PATH = /^\/interaction\/[\w-]+$/;

/** Where oidc-provider sends the browser when it must ask the user something. */
export function interactionUrl(_ctx: unknown, interaction: { uid: string }): string {
  return `/interaction/${interaction.uid}`;
}

/**
 * The page on which a person with a browser picks who to be. No password is asked, and consent is
 * given for them: the clients are all ours.
 */
export function loginPage(provider: Provider): Middleware {
  return async (ctx, next) => {
    if (!PATH.test(ctx.path)) {
      return next();
    }
    const interaction = await provider.interactionDetails(ctx.req, ctx.res);
    const user = findUser(String(ctx.query.user ?? ''));
    let result: Parameters<Provider['interactionResult']>[2];
    if (interaction.prompt.name === 'consent') {
      result = { consent: { grantId: await consentToAll(provider, interaction) } };
    } else if (user !== undefined) {
      const { sub: accountId, acr, amr } = user;
      result = { login: { accountId, acr, amr } };
    } else {
      ctx.type = 'html';
      ctx.body = page(String(interaction.params.client_id));
      return undefined;
    }
    // A redirect rather than interactionFinished, which writes to the response behind Koa's back.
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
    return undefined;
  };
}

async function consentToAll(provider: Provider, interaction: Interaction): Promise<string> {
  const { grantId, params, prompt, session } = interaction;
  const grant =
    (grantId === undefined ? undefined : await provider.Grant.find(grantId)) ??
    new provider.Grant({
      accountId: session?.accountId,
      clientId: String(params.client_id),
    });
  const missing = prompt.details as MissingConsent;
  grant.addOIDCScope(missing.missingOIDCScope ?? []);
  grant.addOIDCClaims(missing.missingOIDCClaims ?? []);
  for (const [resource, scopes] of Object.entries(missing.missingResourceScopes ?? {})) {
    grant.addResourceScope(resource, scopes);
  }
  return grant.save();
}

/** What the consent prompt of oidc-provider's default interaction policy reports. */
interface MissingConsent {
  missingOIDCScope?: string[];
  missingOIDCClaims?: string[];
  missingResourceScopes?: Record<string, string[]>;
}

function page(clientId: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Sign in</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; padding: 0 1rem }
  a { display: block; padding: .6rem 1rem; margin: .5rem 0; border: 1px solid; border-radius: .4rem; text-decoration: none }
  small { display: block }
</style>
<h1>Sign in to ${escapeHtml(clientId)} as</h1>
${USERS.map(link).join('\n')}
<p>For development and test only: nobody is asked for a password.</p>
`;
}

function link({ sub, name, groups, acr, amr }: DevUser): string {
  const details = `groups ${groups.join(', ') || 'none'}; acr ${acr}; amr ${amr.join(' ')}`;
  return `<a href="?user=${sub}">${escapeHtml(name)}<small>${escapeHtml(details)}</small></a>`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
