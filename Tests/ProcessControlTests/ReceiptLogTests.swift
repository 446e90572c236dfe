// SPDX-License-Identifier: Apache-2.0

import Diagnostics
import Foundation
import ProcessControl
import TestFolders
import Testing

@Suite(.ownFolders) struct ReceiptLogTests {
    private func parse(_ text: String) -> ReceiptLog { ReceiptLog(parsing: Array(text.utf8)) }

    @Test func eachEndingIsRead() {
        let log = parse(
            """
            B boot-1 77
            S a
            E a exit 3
            S b
            E b signal 9
            S c
            E c failed 8 2
            S d

            """)
        #expect(log.bootID == "boot-1")
        #expect(log.supervisorID == 77)
        #expect(log["a"] == .ended(.exited(3)))
        #expect(log["b"] == .ended(.signalled(9)))
        #expect(log["c"] == .launchFailed(.program, SystemError(number: 2)))
        #expect(log["d"] == .started)
        #expect(log["e"] == nil)
    }

    @Test(arguments: ["S tor", "S torn\nE torn ex", "S torn\nE torn exit 1", "S torn\nE torn exit", "S torn\nE"])
    func aTornLastLineSaysNothing(text: String) {
        let log = parse("S a\nE a exit 0\n" + text)
        #expect(log["a"] == .ended(.exited(0)))
        #expect(log["torn"] == (text.contains("\n") ? .started : nil))
        #expect(log["tor"] == nil)
    }

    @Test func linesThatMakeNoSenseArePassedOver() {
        let log = parse("garbage\n\nS\nS a b\nE ghost exit 1\nS x\nE x exit many\nE x failed 99 1\n")
        #expect(log.receipts == ["x": .started])
    }

    @Test func aMissingFileIsEmptyReceipts() throws {
        #expect(try ReceiptLog.read(path: "/nonexistent/receipts") == ReceiptLog())
    }

    @Test func aLockIsHeldOnceAndNamesItsHolder() throws {
        let path = try SupervisedJob.makeDirectory() + "/lock"
        var first: FileLock? = try FileLock(path: path)
        let error = #expect(throws: DiagnosticError.self) { try FileLock(path: path) }
        #expect(error?.diagnostic.code == .lockHeld)
        let own = ProcessInfo.processInfo.processIdentifier
        #expect(error?.diagnostic.message == "\(path) is in use by process \(own).")
        withExtendedLifetime(first) {}
        first = nil
        _ = try FileLock(path: path)
    }

    @Test func aLockInAMissingDirectoryIsACodedError() {
        let error = #expect(throws: DiagnosticError.self) { try FileLock(path: "/nonexistent/lock") }
        #expect(error?.diagnostic.code == .lockUnavailable)
    }
}
