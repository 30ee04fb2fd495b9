import { pinOf } from '@key-connector/key-ring';
import { RingChanges, type RingView } from '@key-connector/key-ring/changes';
import { Injectable } from '@nestjs/common';
import { Command } from 'commander';
import { Deployment } from '../deployment/deployment.js';
import { examples, OperatorCommand } from '../operator-command.js';
import { Output } from '../terminal/output.js';

@Injectable()
export class ShowRingCommand extends OperatorCommand {
  constructor(
    private readonly deployment: Deployment,
    private readonly output: Output,
  ) {
    super();
  }

  define(): Command {
    return new Command('show')
      .description(
        'show the fingerprint to pin, the manifest that counts, and what stands beside it and does not; where a start would ' +
          'be refused, it says why, and names no pin',
      )
      .addHelpText('after', examples('ring show', 'ring show --json'))
      .action(() => this.run());
  }

  private async run(): Promise<void> {
    await this.deployment.lookConnected(async (context) => {
      const view = await context.get(RingChanges).look();
      const { manifest } = view.held;
      const document = {
        ring: manifest.ring,
        pin: pinOf(view.held),
        manifestVersion: manifest.version,
        layout: manifest.layout,
        activeDataKeyId: manifest.activeDataKeyId,
        dataKeys: manifest.dataKeys.map(({ id, state }) => ({ id, state })),
        keks: manifest.keks.map(({ id, role, reference }) => ({ id, role, reference })),
        passedOver: view.passedOver.map(({ version, reason }) => ({ version, reason })),
        otherRings: view.otherRings,
      };
      await this.output.result(document, () => textOf(view, document.pin));
      if (view.passedOver.length > 0 || view.otherRings.length > 0) this.output.endAs('problems found');
    });
  }
}

function textOf({ held: { manifest }, passedOver, otherRings }: RingView, pin: string): string {
  const open = manifest.dataKeys.filter(({ state }) => state === 'open').map(({ id }) => id);
  return [
    `ring       ${manifest.ring}`,
    `pin        ${pin}`,
    `manifest   version ${manifest.version}`,
    `layout     ${manifest.layout}`,
    `data keys  ${open.join(', ')} (written with: ${manifest.activeDataKeyId})`,
    ...manifest.keks.map(
      ({ id, role, reference }) => `${role === 'service' ? 'key       ' : 'recovery  '} ${id} (${reference})`,
    ),
    ...passedOver.map(
      ({ version, reason }) =>
        `Version ${version} in RingManifests is not the ring's (${reason}): somebody wrote it into the database. It counts for nothing.`,
    ),
    ...otherRings.map((ring) => `There are manifests of another ring, ${ring}: somebody wrote them into the database.`),
  ].join('\n');
}
