// SPDX-License-Identifier: Apache-2.0

/// What somebody typed into a form that was refused: the form shows it again. Fields for secrets never do.
package struct TypedForm: Sendable {
    /// Where the form is posted to.
    package var address: String
    package var fields: [String: String]

    package init(address: String, fields: [String: String]) {
        self.address = address
        self.fields = fields
    }

    /// What was typed into the form that is posted there; `nil`: it was another.
    func fields(of address: PageAddress) -> [String: String]? { address.text == self.address ? fields : nil }
}
