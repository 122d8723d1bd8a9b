/** A key that AWS knows, and whom it speaks for. */
export interface AwsAccessKey {
  /** `AKIA…` of a user, `ASIA…` of a session */
  accessKeyId: string;
  secretAccessKey: string;
  /** temporary credentials have one, and requests must carry it */
  sessionToken?: string;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>`, or `arn:aws:iam::<account>:user/<name>` */
  arn: string;
  /** seconds since the epoch; never when absent */
  expiresAt?: number;
}

/** @returns an empty string for what is no ARN */
export function accountOf(arn: string): string {
  return /^arn:aws[\w-]*:(?:sts|iam)::(\d{12}):/.exec(arn)?.[1] ?? '';
}
