// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import CLibYAML
import CSQLite
import Crypto
import FoundationEssentials

// One call into each library keeps the linker from leaving it out; none of them runs.
if CommandLine.argc < 0 {
    struct Nothing: ParsableCommand {}
    Nothing.main()
    sqlite3_sleep(0)
    yaml_get_version(nil, nil, nil)
    print(SHA256.hash(data: Data()))
}
