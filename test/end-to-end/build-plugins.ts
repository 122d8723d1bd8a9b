import { execFileSync } from 'node:child_process';

/** The end-to-end suites load what is built, so the build is part of every run. */
export default function buildPlugins(): void {
  execFileSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit' });
}
