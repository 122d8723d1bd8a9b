import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countCacheResults } from '../../core/count-cache-results.ts';
import { allow, deny, policyText } from '../support.ts';
import { createDirectory, createRig, type Directory, inForce, policyWith } from './support.ts';

let directory: Directory;
let file: string;
beforeEach(() => {
  directory = createDirectory();
  file = directory.path('policy.yaml');
  writeFileSync(file, policyWith('first'));
});
afterEach(() => directory.remove());

describe('a policy file that changes', () => {
  const replaceBy: Record<string, (text: string) => void> = {
    'is written in place': (text) => writeFileSync(file, text),
    'is replaced by a rename, as editors do': (text) => {
      writeFileSync(`${file}.new`, text);
      renameSync(`${file}.new`, file);
    },
    'is deleted and made again': (text) => {
      unlinkSync(file);
      writeFileSync(file, text);
    },
    'becomes a symbolic link': (text) => {
      writeFileSync(`${file}.target`, text);
      unlinkSync(file);
      symlinkSync(`${file}.target`, file);
    },
  };

  it.each(Object.entries(replaceBy))(
    'is in force after two readings where it %s',
    async (_, replace) => {
      const rig = createRig();
      const source = rig.open({ policy_file: file });
      expect(inForce(source)).toEqual(['first']);
      replace(policyWith('second'));
      await rig.settle();
      expect(inForce(source)).toEqual(['second']);
      expect(rig.log).toMatchObject([
        { level: 'info', fields: { policy_version: source.current().version } },
      ]);
    },
  );

  it('is in force after the link of a Kubernetes ConfigMap was swapped', async () => {
    const mount = (version: string, text: string) => {
      mkdirSync(directory.path(version));
      writeFileSync(path.join(directory.path(version), 'policy.yaml'), text);
      symlinkSync(version, directory.path('..data_tmp'));
      renameSync(directory.path('..data_tmp'), directory.path('..data'));
    };
    rmSync(file);
    mount('..2026_11_20', policyWith('first'));
    symlinkSync('..data/policy.yaml', file);
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    expect(inForce(source)).toEqual(['first']);
    mount('..2026_11_21', policyWith('second'));
    rmSync(directory.path('..2026_11_20'), { recursive: true });
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
  });

  it('is noticed where neither its size nor its time differs', async () => {
    const rig = createRig();
    utimesSync(file, 1, 1);
    const source = rig.open({ policy_file: file });
    writeFileSync(file, policyWith('other'));
    utimesSync(file, 1, 1);
    await rig.settle();
    expect(inForce(source)).toEqual(['other']);
  });

  it('stays the same object while nothing changes', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    const before = source.current();
    utimesSync(file, 5, 5);
    await rig.settle();
    expect(source.current()).toBe(before);
    expect(rig.load).toHaveBeenCalledOnce();
    expect(rig.log).toEqual([]);
  });
});

describe('a policy file that is written slowly', () => {
  it('is not in force without the denies that are still to come', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    const rules = 'version: 1\nrules:\n  - { name: second, effect: allow, when: "true" }\n';
    writeFileSync(file, rules);
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    appendFileSync(file, '  - { name: not-here, effect: deny, when: "true" }\n');
    await rig.poll();
    expect(inForce(source)).toEqual(['first']);
    await rig.poll();
    expect(inForce(source)).toEqual(['second']);
    expect(source.current().deny.map(({ name }) => name)).toEqual(['not-here']);
  });

  it('is not reported while its content still changes', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    const text = policyText([allow('second', 'true'), deny('never', 'false')]);
    writeFileSync(file, '');
    for (const at of [10, 30, 60, text.length]) {
      await rig.poll();
      writeFileSync(file, text.slice(0, at));
    }
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
    expect(rig.log.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('is read again where it stayed half-written for long', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    truncateSync(file, 20);
    await rig.settle();
    await rig.settle();
    expect(inForce(source)).toEqual(['first']);
    writeFileSync(file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
  });
});

describe('a policy file that does not load', () => {
  const BROKEN = 'version: 1\nrules:\n  - { name: a, effect: allow, when: nobody }\n';

  it('leaves the last good version in force and is reported once, with positions', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    const { version } = source.current();
    writeFileSync(file, BROKEN);
    await rig.settle();
    await rig.settle();
    expect(inForce(source)).toEqual(['first']);
    expect(rig.log).toEqual([
      {
        level: 'error',
        fields: {
          policy_file: file,
          policy_version: version,
          problems: [expect.stringMatching(/policy\.yaml:3:\d+: rules\[0\]\.when: /)],
        },
        message: 'the policy file cannot be used; its last good version is in force',
      },
    ]);
  });

  it('is reported again each time that it breaks, and each time that it is good again', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    for (const text of [BROKEN, policyWith('second'), BROKEN, policyWith('second'), '']) {
      writeFileSync(file, text);
      await rig.settle();
    }
    expect(rig.log.map(({ level, message }) => `${level} ${message}`)).toEqual([
      'error the policy file cannot be used; its last good version is in force',
      'info the policy file is good again',
      'error the policy file cannot be used; its last good version is in force',
      'info the policy file is good again',
      'error the policy file cannot be used; its last good version is in force',
    ]);
    expect(inForce(source)).toEqual(['second']);
  });

  it('is good again once the former content is back', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    const counted = countCacheResults('policies');
    writeFileSync(file, BROKEN);
    await rig.settle();
    source.current();
    expect(counted()).toEqual({ stale: 1 });
    writeFileSync(file, policyWith('first'));
    await rig.settle();
    source.current();
    expect(counted()).toEqual({ stale: 1 });
    expect(rig.log.at(-1)).toMatchObject({ message: 'the policy file is good again' });
  });

  it('refuses from the start, and recovers by itself', async () => {
    writeFileSync(file, BROKEN);
    const rig = createRig();
    const counted = countCacheResults('policies');
    const source = rig.open({ policy_file: file });
    expect(inForce(source)).toEqual({
      problems: [expect.stringMatching(/policy\.yaml:3:\d+: rules\[0\]\.when: /)],
    });
    expect(counted()).toEqual({ failed: 1 });
    expect(rig.log).toMatchObject([
      { message: 'the policy file cannot be used; no version of it is in force' },
    ]);
    writeFileSync(file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
    expect(rig.log).toHaveLength(2);
  });

  it('is not the end where loading it fails otherwise than by its content', async () => {
    const rig = createRig();
    rig.load.mockImplementationOnce(() => {
      throw new RangeError('the text of a library: secret');
    });
    const source = rig.open({ policy_file: file });
    expect(inForce(source)).toEqual({ problems: [`${file}: failed with RangeError`] });
  });
});

describe('a policy file that cannot be read', () => {
  it.each([
    ['is deleted', () => unlinkSync(file), /cannot be read: ENOENT/],
    [
      'becomes a directory',
      () => {
        unlinkSync(file);
        mkdirSync(file);
      },
      /is not a regular file/,
    ],
    [
      'becomes a FIFO, without waiting for its writer',
      () => {
        unlinkSync(file);
        execFileSync('mkfifo', [file]);
      },
      /is not a regular file/,
    ],
    [
      'becomes an endless device',
      () => {
        unlinkSync(file);
        symlinkSync('/dev/zero', file);
      },
      /is not a regular file/,
    ],
    [
      'becomes too long',
      () => writeFileSync(file, ' '.repeat(1024 * 1024 + 1)),
      /at most 1048576 are read/,
    ],
  ])('leaves the last good version in force where it %s', async (_, spoil, problem) => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    spoil();
    await rig.settle();
    await rig.settle();
    expect(inForce(source)).toEqual(['first']);
    expect(rig.log).toMatchObject([{ fields: { problems: [expect.stringMatching(problem)] } }]);
    rmSync(file, { recursive: true, force: true });
    writeFileSync(file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
  });

  it('refuses until it appears', async () => {
    unlinkSync(file);
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    expect(inForce(source)).toEqual({
      problems: [`config.policy_file (file ${file}): cannot be read: ENOENT`],
    });
    writeFileSync(file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
  });

  it('is not reported for the moment between deleting and writing it', async () => {
    const rig = createRig();
    const source = rig.open({ policy_file: file });
    unlinkSync(file);
    await rig.poll();
    writeFileSync(file, policyWith('second'));
    await rig.settle();
    expect(inForce(source)).toEqual(['second']);
    expect(rig.log.filter(({ level }) => level === 'error')).toEqual([]);
  });
});
