// SPDX-License-Identifier: Apache-2.0

/// Everybody who does something in a ``Run``.
struct Cast: Sendable {
    /// Who buys.
    let scenario: Scenario
    let loadCustomers: LoadCustomers?
    let accountCustomers: AccountCustomers?
    let members: PointsCustomers?
    let clerks: RefundClerks?
    private let loads: LoadPlan
    private let points: PointsPlan

    init(
        _ scenario: Scenario,
        _ pace: Pace,
        _ loads: LoadPlan,
        _ points: PointsPlan,
        _ clearing: ClearingDraw,
        steps: Int
    ) {
        self.scenario = scenario
        loadCustomers = LoadCustomers(scenario, pace, seed: loads.seed)
        accountCustomers = AccountCustomers(scenario, pace, seed: ~loads.seed)
        members = PointsCustomers(scenario, pace, points, steps: 2 * steps)
        clerks = RefundClerks(scenario, clearing.seed, steps: steps / 2)
        self.loads = loads
        self.points = points
    }

    /// All people's steps, until no more are left for anybody.
    ///
    /// `buyers`: how many people buy.
    func live(buyers: Int) async {
        await withTaskGroup(of: Void.self) { group in
            func add(_ people: Int, _ live: @escaping @Sendable (Int) async -> Void) {
                for person in 0..<people { group.addTask { await live(person) } }
            }
            add(buyers) { await scenario.live($0) }
            add(loads.bankPeople) { await loadCustomers?.live($0) }
            add(loads.accountPeople) { await accountCustomers?.live($0) }
            add(points.people) { await members?.live($0) }
            if let clerks { add(1) { _ in await clerks.live() } }
        }
    }

    /// Nobody begins another step.
    func stop() {
        scenario.stop()
        members?.stop()
        clerks?.stop()
    }

    /// Whether nobody waits for an answer any more.
    var isIdle: Bool {
        scenario.isIdle && loadCustomers?.isIdle != false && accountCustomers?.isIdle != false
            && members?.isIdle != false
    }

    /// After everything has worked again: who has paid fetches the goods.
    func fetchAll() async {
        await scenario.fetchAll()
        await members?.fetchAll()
    }
}
