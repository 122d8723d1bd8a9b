export function install(file: string): () => void;
export function readOffset(file: string): number;
export function realNow(): number;
