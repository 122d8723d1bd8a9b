/** A `gcloud` command that lets somebody use a service account, ready to paste. */
export function gcloudGrantOnAccount(account: string, member: string, role: string): string {
  return `gcloud iam service-accounts add-iam-policy-binding ${account} --member=${member} --role=${role}`;
}
