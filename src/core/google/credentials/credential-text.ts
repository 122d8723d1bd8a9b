/** A credential's JSON text and where it stands, as an error message names that place. */
export interface CredentialText {
  text: string;
  where: string;
}
