import { Module } from '@nestjs/common';
import { JsonImport } from './json-import.js';

/** Provides the JsonImport. Expects DatabaseModule and KeyRingModule to be global. */
@Module({ providers: [JsonImport], exports: [JsonImport] })
export class ImportModule {}
