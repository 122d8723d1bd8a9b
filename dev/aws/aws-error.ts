import type { Reply } from '../google/call.ts';

/** The page that the metadata service of EC2 sends with an error. */
export function awsError(status: number, title: string): Reply {
  return {
    status,
    headers: { 'content-type': 'text/html', server: 'EC2ws' },
    body: `<?xml version="1.0" encoding="iso-8859-1"?>\n<html><head><title>${status} - ${title}</title></head>\n<body><h1>${status} - ${title}</h1></body></html>\n`,
  };
}
