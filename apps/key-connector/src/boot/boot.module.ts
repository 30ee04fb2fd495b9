import { ImportModule } from '@key-connector/import';
import { Module } from '@nestjs/common';
import { Boot } from './boot.js';

@Module({ imports: [ImportModule], providers: [Boot], exports: [Boot] })
export class BootModule {}
