export { JsonImport, type JsonImportResult } from './json-import.js';
export { JsonImportConflict, JsonImportRefused } from './json-import.errors.js';
export { ImportModule } from './import.module.js';
