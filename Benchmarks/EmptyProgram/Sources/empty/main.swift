// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLibYAML
import CPCRE2
import CSQLite
import CZstd
import Crypto
import CryptoExtras
import FoundationEssentials
import NIOHTTP1
import NIOPosix

// One call into each library keeps the linker from leaving it out; none of them runs.
if CommandLine.argc < 0 {
    struct Nothing: ParsableCommand {}
    Nothing.main()
    sqlite3_sleep(0)
    yaml_get_version(nil, nil, nil)
    pcre2_code_free_8(nil)
    _ = ZSTD_versionNumber()
    print(SHA256.hash(data: Data()), try _RSA.Signing.PrivateKey(keySize: .bits2048).publicKey)
    print(MultiThreadedEventLoopGroup.singleton, HTTPRequestEncoder())
}
