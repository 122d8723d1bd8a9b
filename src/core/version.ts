/** The version of package.json, which Kong shows for each plugin. */
export const VERSION = '0.1.0';
