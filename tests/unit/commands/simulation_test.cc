// A fast part of --simulate: the goals of balancing, from the product's own rules.
#include "commands/simulation/simulation.h"

#include <algorithm>
#include <string>
#include <vector>

#include "commands/simulation/report.h"

#include "CppUTest/TestHarness.h"

using namespace lb;

TEST_GROUP(Simulation) {
  SimulationSetup setup;

  void setup_crowd(unsigned listeners = 10'000) {
    setup.capacities = uneven_nodes(4, listeners * 1.25);
    setup.crowd = listeners;
    setup.seconds = 10;
  }
  // Peak over ideal, mean of two seeds.
  double of_ideal() {
    double sum = 0;
    for (unsigned seed = 1; seed <= 2; ++seed) {
      const SimulationResult result = simulate(setup, seed);
      sum += result.peak / result.mean;
    }
    return sum / 2;
  }
};

TEST(Simulation, RepeatsItself) {
  setup_crowd(1000);
  const SimulationResult once = simulate(setup, 5);
  const SimulationResult again = simulate(setup, 5);
  DOUBLES_EQUAL(once.peak, again.peak, 0);
  CHECK(once.listeners == again.listeners);
  CHECK(simulate(setup, 6).listeners != once.listeners);
}

TEST(Simulation, LosesNobody) {
  setup_crowd(2000);
  const SimulationResult result = simulate(setup, 1);
  double sum = 0;
  for (const double n : result.listeners) sum += n;
  DOUBLES_EQUAL(2000, sum, 0);
  DOUBLES_EQUAL(0.8, result.mean, 1e-9);
  DOUBLES_EQUAL(0, result.wasted + result.refused + result.above_cap + result.served_here, 0);
}

TEST(Simulation, SpreadsACrowdByDefault) {
  setup_crowd();
  CHECK(of_ideal() <= 1.05);
}

TEST(Simulation, SpreadsACrowdWithTwoChoices) {
  setup_crowd();
  setup.rules.affinity = false;
  setup.rules.policy = BalancePolicy::kTwoChoices;
  CHECK(of_ideal() <= 1.02);
}

TEST(Simulation, SpreadsACrowdWithoutAffinity) {
  setup_crowd();
  setup.rules.affinity = false;
  CHECK(of_ideal() <= 1.12);
}

TEST(Simulation, SpreadsACrowdAsWellOnOldReports) {
  setup_crowd();
  setup.report_every = 0.25;
  const double fresh = of_ideal();
  for (const double seconds : {5.0, 120.0}) {
    setup.report_every = seconds;
    DOUBLES_EQUAL(fresh, of_ideal(), 0.01);
  }
}

TEST(Simulation, SpreadsACrowdOverSlavesThatReportNothing) {
  setup_crowd(4000);
  setup.kind = NodeKind::kLegacy;
  setup.report_every = 5;
  setup.counts_arrivals = setup.counts_load = false;
  CHECK(of_ideal() <= 1.08);
}

TEST(Simulation, FillsThreeNodesInProportion) {
  setup.capacities = {1000, 500, 100};
  setup.crowd = 300;
  std::vector<double> mean(3, 0);
  for (unsigned seed = 1; seed <= 5; ++seed) {
    const SimulationResult result = simulate(setup, seed);
    for (std::size_t i = 0; i < 3; ++i) mean[i] += result.listeners[i] / 5;
  }
  DOUBLES_EQUAL(192, mean[0], 8);
  DOUBLES_EQUAL(91, mean[1], 8);
  DOUBLES_EQUAL(16, mean[2], 5);
}

TEST(Simulation, NeedsFewRelaysForManyMounts) {
  setup.capacities = uneven_nodes(4, 12'500);
  setup.mounts = 1000;
  setup.base = 7000;
  setup.session = 600;
  setup.arrivals = 7000 / 600.0;
  setup.seconds = 30;
  const SimulationResult result = simulate(setup, 1);
  CHECK(result.relays <= 1150);
  CHECK(result.relays >= result.mounts_used);
  CHECK(result.peak <= 0.60);
}

TEST(Simulation, WastesFewOnANodeThatDies) {
  setup_crowd();
  setup.capacities = uneven_nodes(4, 15'000);
  setup.dies = 0;
  setup.dies_at = 2.5;
  SimulationResult result = simulate(setup, 1);
  CHECK(result.wasted <= 100);
  CHECK(result.rescued > 0);
  CHECK(result.rescued < 4);
  DOUBLES_EQUAL(0, result.listeners[0], 0);
  setup.silently = true;
  setup.seconds = 15;
  result = simulate(setup, 1);
  CHECK(result.wasted <= 200);
  CHECK(result.peak <= 0.86);
  // A slave that polls is found out by the clients that come back.
  setup.silently = false;
  setup.kind = NodeKind::kLegacy;
  setup.report_every = 5;
  CHECK(simulate(setup, 1).wasted <= 200);
}

TEST(Simulation, FillsANodeThatJoins) {
  setup_crowd();
  setup.joins = 0;
  setup.joins_at = 2;
  CHECK(of_ideal() <= 1.05);
}

TEST(Simulation, NeedsNoTalkBetweenMasters) {
  setup_crowd();
  setup.masters = 4;
  setup.report_every = 5;
  CHECK(of_ideal() <= 1.05);
  setup.masters_known = false;
  CHECK(of_ideal() > 1.10);
}

TEST(Simulation, SurvivesARestartOfTheMaster) {
  setup_crowd();
  setup.restart_at = 2.5;
  SimulationResult result = simulate(setup, 1);
  CHECK(result.peak <= 0.90);
  DOUBLES_EQUAL(0, result.refused, 0);
  // Without the wait, the limits of the nodes that are known hold, and others have to wait instead.
  setup.hold = 0;
  result = simulate(setup, 1);
  CHECK(result.refused > 0);
  CHECK(result.peak <= 1.005);
}

TEST(Simulation, ReckonsInBitratesNotInListeners) {
  setup_crowd();
  setup.mounts = 300;
  setup.mixed_bitrates = true;
  CHECK(of_ideal() <= 1.06);
}

TEST(Simulation, TreatsASchoolFairly) {
  setup_crowd(2000);
  setup.one_address = true;
  CHECK(of_ideal() <= 1.06);
}

TEST_GROUP(SimulationReport) {
  std::string printed;
  SimulationPrinter print = [this](std::string_view text) { printed += text; };

  static SimulationScenario small(SimulationGoals goals) {
    SimulationScenario scenario;
    scenario.name = "small";
    scenario.about = "a few";
    for (int c = 0; c <= static_cast<int>(SimulationColumn::kListeners); ++c) {
      scenario.columns.push_back(static_cast<SimulationColumn>(c));
    }
    SimulationRow row;
    row.group = "group";
    row.label = "label";
    row.setup.capacities = {100, 50};
    row.setup.crowd = 60;
    row.goals = std::move(goals);
    scenario.rows = {row, row};
    return scenario;
  }
};

TEST(SimulationReport, PrintsATable) {
  CHECK_TRUE(run_scenario(small({}), 3, print));
  STRCMP_CONTAINS("small: a few; seeds 1 to 3\n", printed.c_str());
  CHECK_EQUAL(printed.find("  group\n"), printed.rfind("  group\n"));
  STRCMP_CONTAINS("40 : 20\n", printed.c_str());
  CHECK_EQUAL(5, std::count(printed.begin(), printed.end(), '\n') - 1);
}

TEST(SimulationReport, SaysWhichGoalsAreReached) {
  SimulationGoals goals;
  goals.of_ideal = 2;
  goals.peak = 2;
  goals.relays = 2;
  goals.wasted = 0;
  goals.listeners = {40, 20};
  CHECK_TRUE(run_scenario(small(goals), 1, print));
  STRCMP_CONTAINS(
      "of ideal <= 2.00: reached, peak <= 2.00: reached, relays <= 2: reached, wasted <= 0: "
      "reached, "
      "about 40 : 20: reached",
      printed.c_str());
}

TEST(SimulationReport, SaysWhichGoalsAreMissed) {
  SimulationGoals goals;
  goals.listeners = {20, 40};
  CHECK_FALSE(run_scenario(small(goals), 1, print));
  STRCMP_CONTAINS("about 20 : 40: MISSED", printed.c_str());
}

TEST(SimulationReport, SaysWhenACrowdNeverSettles) {
  SimulationScenario scenario = small({});
  scenario.rows[0].setup.capacities = {400, 10};
  scenario.rows[0].setup.crowd = 60;
  scenario.rows[0].setup.rules = {.policy = BalancePolicy::kLeastConn, .affinity = false};
  run_scenario(scenario, 1, print);
  STRCMP_CONTAINS("never", printed.c_str());
}

TEST(SimulationReport, ListsItsScenarios) {
  for (const SimulationScenario& scenario : simulation_scenarios()) {
    STRCMP_CONTAINS(std::string(scenario.name).c_str(), simulation_list().c_str());
    CHECK_FALSE(scenario.rows.empty());
  }
  const auto wrong = run_simulation("nonsense", 1, print);
  CHECK_FALSE(wrong.has_value());
  STRCMP_CONTAINS("\"nonsense\"", wrong.error().what.c_str());
  STRCMP_EQUAL("", printed.c_str());
}

TEST(SimulationReport, RunsOneScenarioByName) {
  const auto good = run_simulation("demo", 1, print);
  CHECK_TRUE(good.has_value() && *good);
  STRCMP_CONTAINS("\nevery goal is reached\n", printed.c_str());
}
