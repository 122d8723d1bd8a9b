import type { Identity, Party } from '../../core/identity.ts';
import type { JsonValue } from '../../core/json.ts';
import { type McpCall, readMcpCall } from './read-mcp-call.ts';
import { RequestProblem } from './request-problem.ts';

/** What rules can name, with CEL types. A record's fields are the only ones there are. */
export const VARIABLES = {
  identity: {
    subject: 'string',
    issuer: 'string',
    email: 'string',
    groups: 'list<string>',
    scopes: 'list<string>',
    roles: 'list<string>',
    claims: 'map<string, dyn>',
    // Nullable, which CEL's type checker can only express as dyn; its fields are checked in inspect.ts.
    actor: 'dyn',
    authenticated: 'bool',
  },
  request: {
    method: 'string',
    path: 'string',
    host: 'string',
    query: 'map<string, list<string>>',
    headers: 'map<string, string>',
    client_ip: 'string',
    // Whatever JSON holds.
    body: 'dyn',
    mcp: 'Mcp',
  },
  labels: 'map<string, string>',
  holidays: 'map<string, list<string>>',
  route: 'string',
  service: 'string',
  now: 'google.protobuf.Timestamp',
} as const;

export const ACTOR_FIELDS = { subject: 'string', issuer: 'dyn', prior: 'list<dyn>' } as const;

export const MCP_FIELDS = {
  method: 'string',
  tool: 'string',
  arguments: 'map<string, dyn>',
} as const;

/** The values of the variables for one request. */
export interface Variables {
  identity: IdentityValue;
  request: RequestValue;
  labels: ReadonlyMap<string, string>;
  /** Dates as `2026-12-25`, by the name of their calendar. */
  holidays: ReadonlyMap<string, readonly string[]>;
  route: string;
  service: string;
  now: Date;
}

/** Answers which roles an identity holds. */
export interface RoleHolder {
  knows(role: string): boolean;
  /** What `holds` would say, where that can be told without evaluating; undefined where it cannot. */
  foretells?(role: string): boolean | undefined;
  /** @throws ExpressionError where the role's expression cannot be evaluated */
  holds(role: string): boolean;
  /** @throws ExpressionError where some role's expression cannot be evaluated */
  all(): string[];
}

/**
 * `identity` as rules see it.
 *
 * A request without a verified identity is not null to rules but a nobody: `authenticated` is false, `groups`,
 * `scopes`, `roles` and `claims` are empty and `actor` is null. So `"qa-leads" in identity.groups` is plainly false for
 * it: neither an error, which would close a public route, nor ever true. Roles are the exception to emptiness, as a
 * role's own expression may take in anyone; a grant never goes to a nobody.
 *
 * `subject`, `issuer` and `email` are not there where the token does not have them, and reading what is not there is an
 * error, as it is with `claims`. An empty string in their place would match: every text contains and starts with it.
 * `has(identity.email)` guards against that.
 */
export class IdentityValue {
  readonly subject?: string;
  readonly issuer?: string;
  /** Absent where the token names none that may be trusted. */
  readonly email?: string;
  readonly groups: readonly string[];
  readonly scopes: readonly string[];
  readonly actor: ActorValue | null;
  readonly authenticated: boolean;
  readonly #claims: Identity['claims'];
  #claimValues: CelValue | undefined;
  readonly #roles: RoleHolder;

  constructor(identity: Identity | null, roles: RoleHolder) {
    if (identity) {
      this.subject = identity.subject;
      this.issuer = identity.issuer;
      if (identity.email) this.email = identity.email;
    }
    this.groups = identity?.groups ?? [];
    this.scopes = identity?.scopes ?? [];
    this.actor = identity?.actor ? new ActorValue(identity.actor) : null;
    this.authenticated = identity !== null;
    this.#claims = identity?.claims ?? {};
    this.#roles = roles;
  }

  get claims(): CelValue {
    this.#claimValues ??= toCelValue(this.#claims);
    return this.#claimValues;
  }

  get roles(): readonly string[] {
    return this.#roles.all();
  }

  knows(role: string): boolean {
    return this.#roles.knows(role);
  }

  holds(role: string): boolean {
    return this.#roles.holds(role);
  }

  foretells(role: string): boolean | undefined {
    return this.#roles.foretells?.(role);
  }
}

export class ActorValue {
  readonly subject: string;
  readonly issuer: string | null;
  readonly prior: readonly ActorValue[];

  constructor({ subject, issuer, prior = [] }: Party & { prior?: readonly Party[] }) {
    this.subject = subject;
    this.issuer = issuer;
    this.prior = prior.map((party) => new ActorValue(party));
  }
}

/** What rules see of a request. Only what the policy mentions is there. */
export interface RequestView {
  method: string;
  /** The normalized path, without the query. */
  path: string;
  host?: string;
  query?: ReadonlyMap<string, readonly string[]> | RequestProblem;
  headers?: ReadonlyMap<string, string>;
  client_ip?: string;
  /** Absent where the request has none. */
  body?: BodyView;
}

export type BodyView = { readonly value: JsonValue } | RequestProblem;

/** `request` as rules see it. What is wrong with a part of the request is thrown at whoever reads that part. */
export class RequestValue {
  readonly method: string;
  readonly path: string;
  readonly host: string | undefined;
  readonly headers: RequestView['headers'];
  readonly client_ip: string | undefined;
  readonly #view: RequestView;
  #problem: RequestProblem | undefined;

  constructor(view: RequestView) {
    this.method = view.method;
    this.path = view.path;
    this.host = view.host;
    this.headers = view.headers;
    this.client_ip = view.client_ip;
    this.#view = view;
  }

  get query(): ReadonlyMap<string, readonly string[]> | undefined {
    return this.#readable(this.#view.query);
  }

  get body(): CelValue | undefined {
    const body = this.#readable(this.#view.body);
    return body && bodyValues(body, this.method).whole;
  }

  get mcp(): McpValue | undefined {
    const body = this.#readable(this.#view.body);
    return body && this.#readable(bodyValues(body, this.method).mcp);
  }

  /** The last that was thrown: what comes out of an expression may be an error that followed from it. */
  get problem(): RequestProblem | undefined {
    return this.#problem;
  }

  forgetProblem(): void {
    this.#problem = undefined;
  }

  #readable<T>(part: T | RequestProblem): T {
    if (!(part instanceof RequestProblem)) return part;
    this.#problem = part;
    throw part;
  }
}

export class McpValue {
  readonly method: string;
  readonly tool: string | undefined;
  readonly arguments: CelValue;

  constructor(call: McpCall) {
    this.method = call.method;
    this.tool = call.tool;
    this.arguments = toCelValue(call.arguments);
  }
}

class BodyValues {
  readonly #value: JsonValue;
  readonly #method: string;
  #whole: CelValue | undefined;
  #mcp: McpValue | RequestProblem | undefined | null = null;

  constructor(value: JsonValue, method: string) {
    this.#value = value;
    this.#method = method;
  }

  get whole(): CelValue {
    this.#whole ??= toCelValue(this.#value);
    return this.#whole;
  }

  get mcp(): McpValue | RequestProblem | undefined {
    if (this.#mcp === null) this.#mcp = this.#readMcp();
    return this.#mcp;
  }

  #readMcp(): McpValue | RequestProblem | undefined {
    try {
      const call = readMcpCall(this.#method, this.#value);
      return call && new McpValue(call);
    } catch (error) {
      if (error instanceof RequestProblem) return error;
      throw error;
    }
  }
}

const convertedBodies = new WeakMap<object, BodyValues>();

/** Converted once for all the evaluations of a decision. */
function bodyValues(body: { readonly value: JsonValue }, method: string): BodyValues {
  let values = convertedBodies.get(body);
  if (values === undefined) {
    values = new BodyValues(body.value, method);
    convertedBodies.set(body, values);
  }
  return values;
}

/**
 * Stands for a number that a double cannot hold: JSON has rounded it already, and it would equal its neighbours. The
 * CEL library has no type for it, so touching it is an error; left out, it would slip past a deny rule with `has`.
 */
class RoundedInteger {}

const ROUNDED = new RoundedInteger();

type CelValue =
  | null
  | boolean
  | number
  | string
  | CelValue[]
  | Map<string, CelValue>
  | RoundedInteger;

/**
 * JSON as CEL values: objects become maps, because the CEL library looks at an object's `constructor`, which a
 * claim of that name would replace. Numbers stay doubles, as in CEL's own JSON mapping.
 */
function toCelValue(value: JsonValue): CelValue {
  if (Array.isArray(value)) return value.map(toCelValue);
  if (typeof value === 'number') {
    const isExact =
      Number.isFinite(value) && (!Number.isInteger(value) || Number.isSafeInteger(value));
    return isExact ? value : ROUNDED;
  }
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, toCelValue(member)]));
}
