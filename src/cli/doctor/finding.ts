/** How bad it is: requests fail or get through that should not, they may, or it is good to know; `ok` was looked at. */
export type Severity = 'error' | 'warning' | 'info' | 'ok';

/** What a check found. Nothing in it is a token, a secret or a claim's value. */
export interface Finding {
  /** Name of the check, such as `audience`: stable, for scripts. */
  check: string;
  severity: Severity;
  /** Name or id of the route; absent where it concerns all of them. */
  route?: string;
  /** One sentence: what is so. */
  message: string;
  /** The command to run or the line to write that mends it, ready to paste; absent where nothing is to be mended. */
  fix?: string;
}

/** A finding apart from the routes that it concerns. */
export type Told = Omit<Finding, 'route'>;
