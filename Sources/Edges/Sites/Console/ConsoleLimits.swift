// SPDX-License-Identifier: Apache-2.0

import Kernel

/// The bounds of the operator console.
package enum ConsoleLimits {
    /// Of a reason for blocking a card, in characters.
    package static let reasonCharactersMax = 120
    /// The same as UTF-8, with room for every script.
    package static let reasonBytesMax = 480

    /// How long a change of limits waits for a second person.
    static let proposalTime = Duration.seconds(24 * 3_600)

    /// Rows of one page.
    package static let pageRows = 25
    /// Accounts of the clearing house on one page.
    package static let accountRows = 200
    /// Fees of all and of categories, on the page of the clearing house.
    static let feeRows = 100
    /// Rows of each table on the page of what is open.
    package static let openPageRows = 50
    /// Of a list that is narrowed to what a role sees, so many are looked through for one page,
    package static let narrowedSearchedMax = 10_000
    /// and so many are read at once: one that does not open keeps few others from being shown.
    package static let narrowedRows = 100
    /// Open transactions on the overview.
    package static let openRows = 20
    /// Sales that one search looks at.
    package static let searchedSalesMax = 1000
    /// Cards that a search by last digits looks at.
    package static let searchedCardsMax = 20_000
    /// Cards that one search shows.
    package static let hitsMax = 50
    /// What is searched for, in characters; a reference of a card is the longest of it.
    package static let searchCharactersMax = 160
    /// Tries to write an act of an operator, where another one writes at the same time.
    package static let triesMax = 8

    /// An earn file that is uploaded, in bytes; a longer one is given to `opal programme issue`.
    package static let earnFileBytesMax = 1 << 30
    /// What stands around the file in the body of an upload, in bytes.
    package static let uploadMarginBytes = 16 * 1024
    /// Earn files that are received or applied at once.
    package static let earnFilesAtOnce = 2
    /// Another process, whose earn file has not moved for so long, has stopped.
    package static let earnFileQuietMilliseconds: Int64 = 5_000
    /// Earn files that stopped and whose reason is remembered.
    package static let earnFilesStoppedMax = 64
    /// How often the page of an earn file under way is asked for again, in seconds.
    package static let refreshSeconds = 2
}
