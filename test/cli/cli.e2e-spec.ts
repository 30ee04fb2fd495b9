import { describe, expect, test } from '@jest/globals';
import { runCli } from '../lab/service/service.process.js';
import { cliSettings } from './cli-settings.js';

const unreachable = {
  provider: 'postgresql',
  postgreSqlConnectionString: 'Host=127.0.0.1;Port=1;Database=keys;Username=keeper;Password=hunter2',
};

describe('key-connector', () => {
  test.each([[['--help']], [['migrations', 'print', '--help']]])('%j needs no settings', async (args) => {
    const { code, stdout } = await runCli(args, {});
    expect(stdout).toContain('Usage: key-connector');
    expect(code).toBe(0);
  });

  test('settings are read and refused as by the service: every problem at once', async () => {
    const { code, stderr } = await runCli(['migrations', 'run'], {
      database__provider: 'sqlite',
      databse__migrate: 'true',
    });
    expect(code).toBe(3);
    expect(stderr).toContain('database__sqliteConnectionString: is required');
    expect(stderr).toContain('databse__migrate');
    expect(stderr).toContain('certificate__filesystemPath: is required');
  });

  test('a database that does not answer ends the command with its name, without the password', async () => {
    const { code, stdout, stderr } = await runCli(['migrations', 'print'], cliSettings(unreachable));
    expect({ code, stdout }).toEqual({ code: 4, stdout: '' });
    expect(stderr).toMatch(/^PostgreSQL at 127\.0\.0\.1:1\/keys cannot be used: .*ECONNREFUSED/);
    expect(stderr).not.toContain('hunter2');
  });

  test.each([[['nonsense']], [['migrations']], [['migrations', 'nonsense']], [['migrations', 'run', 'everything']]])(
    '%j is refused',
    async (args) => {
      const { code, stderr } = await runCli(args, {});
      expect(code).toBe(2);
      expect(stderr).toMatch(/unknown command 'nonsense'|Usage: key-connector migrations|too many arguments for 'run'/);
    },
  );

  test.each([
    [['migrations', 'print', '--json'], 4, { kind: 'database', code: 'DATABASE_UNAVAILABLE' }],
    [['--json', 'nonsense'], 2, { kind: 'usage', code: 'USAGE' }],
    [['migrations', 'run', 'everything', '--json'], 2, { kind: 'usage', code: 'USAGE' }],
  ])('with --json, %j prints its error as the one document on standard output', async (args, exitCode, expected) => {
    const { code, stdout } = await runCli(args, cliSettings(unreachable));
    expect(code).toBe(exitCode);
    expect(JSON.parse(stdout)).toMatchObject({ error: { ...expected, exitCode } });
  });

  test('config print says what counts and where it came from, and shows no secret', async () => {
    const { code, stdout, stderr } = await runCli(['config', 'print', '--given'], cliSettings(unreachable));
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^database__provider +postgresql +environment: keyConnectorSettings__database__provider$/m);
    expect(stdout).toMatch(/^database__postgreSqlConnectionString +\*\*\* /m);
    expect(stdout).not.toMatch(/hunter2|fixture-password|http__port/);
  });
});
