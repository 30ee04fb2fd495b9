import { protos } from '@google-cloud/kms';

const kms = protos.google.cloud.kms.v1;

export type AsymmetricDecryptRequest = protos.google.cloud.kms.v1.AsymmetricDecryptRequest;
export type AsymmetricDecryptAnswer = protos.google.cloud.kms.v1.IAsymmetricDecryptResponse;
export type PublicKeyAnswer = protos.google.cloud.kms.v1.IPublicKey;

/** The algorithms of key versions by their names. */
export const versionAlgorithms = kms.CryptoKeyVersion.CryptoKeyVersionAlgorithm;

/** A message class as the protos of `@google-cloud/kms` bring them. */
interface Message<M, Fields> {
  encode(message: Fields): { finish(): Uint8Array };
  decode(bytes: Uint8Array): M;
}

/** The two methods of google.cloud.kms.v1.KeyManagementService that a key provider calls. */
export const keyManagementService = {
  getPublicKey: method('GetPublicKey', kms.GetPublicKeyRequest, kms.PublicKey),
  asymmetricDecrypt: method('AsymmetricDecrypt', kms.AsymmetricDecryptRequest, kms.AsymmetricDecryptResponse),
};

function method<Q, QF, A, AF>(name: string, request: Message<Q, QF>, answer: Message<A, AF>) {
  return {
    path: `/google.cloud.kms.v1.KeyManagementService/${name}`,
    requestStream: false,
    responseStream: false,
    requestSerialize: (message: QF) => Buffer.from(request.encode(message).finish()),
    requestDeserialize: (bytes: Buffer) => request.decode(bytes),
    responseSerialize: (message: AF) => Buffer.from(answer.encode(message).finish()),
    responseDeserialize: (bytes: Buffer) => answer.decode(bytes),
  } as const;
}
