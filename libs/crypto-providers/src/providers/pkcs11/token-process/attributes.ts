import graphene from 'graphene-pk11';

/** What is read of objects, by graphene's names. */
type Name = 'alwaysAuth' | 'decrypt' | 'id' | 'keyType' | 'label' | 'modulus' | 'publicExponent' | 'value';

/**
 * An attribute's bytes; `undefined` where the object has none, does not show it, or shows nothing. Graphene's own
 * reading by name takes a flag that shows nothing for false, and throws for what is not there.
 */
export function bytesOf(object: graphene.SessionObject, name: Name): Buffer | undefined {
  try {
    const value = object.getAttribute(graphene.getAttribute(name).v);
    return value.length === 0 ? undefined : value;
  } catch {
    return undefined;
  }
}

/** An attribute of type CK_ULONG, which has the machine's width and byte order. */
export function numberOf(object: graphene.SessionObject, name: Name): number | undefined {
  const value = bytesOf(object, name);
  return value?.readUIntLE(0, Math.min(value.length, 6));
}

/** An attribute of type CK_BBOOL. */
export function flagOf(object: graphene.SessionObject, name: Name): boolean | undefined {
  const value = bytesOf(object, name);
  return value === undefined ? undefined : value[0] !== 0;
}
