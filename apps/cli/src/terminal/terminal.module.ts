import { Module } from '@nestjs/common';
import { Confirmation } from './confirmation.js';
import { Interruption } from './interruption.js';
import { Output } from './output.js';
import { ProgressReport } from './progress.js';
import { Questions } from './questions.js';
import { Streams } from './streams.js';

/** What every command says, asks and shows by: a command is injected what it needs of these. */
@Module({
  providers: [Confirmation, Interruption, Output, ProgressReport, Questions, Streams],
  exports: [Confirmation, Interruption, Output, ProgressReport, Questions],
})
export class TerminalModule {}
