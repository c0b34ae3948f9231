#include "commands/simulation/report.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/cat.h"
#include "base/strings.h"

namespace lb {
namespace {

std::string right(std::string text, std::size_t width) {
  return text.size() < width ? std::string(width - text.size(), ' ') + text : text;
}

std::string left(std::string text, std::size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// The results of one setup with several seeds.
class Runs {
 public:
  void add(SimulationResult result) { results_.push_back(std::move(result)); }
  double mean(double SimulationResult::*field) const {
    double sum = 0;
    for (const SimulationResult& result : results_) sum += result.*field;
    return sum / static_cast<double>(results_.size());
  }
  double worst_peak() const {
    double worst = 0;
    for (const SimulationResult& result : results_) worst = std::max(worst, result.peak);
    return worst;
  }
  double of_ideal() const {
    double sum = 0;
    for (const SimulationResult& result : results_) sum += result.peak / result.mean;
    return sum / static_cast<double>(results_.size());
  }
  // The mean over the settled runs; negative if most runs never settled.
  double settled() const {
    double sum = 0;
    double runs = 0;
    for (const SimulationResult& result : results_) {
      if (result.settled < 0) continue;
      sum += result.settled;
      ++runs;
    }
    return runs * 2 < static_cast<double>(results_.size()) ? -1 : sum / runs;
  }
  std::vector<double> listeners() const {
    std::vector<double> out(results_.front().listeners.size(), 0);
    for (const SimulationResult& result : results_) {
      for (std::size_t i = 0; i < out.size(); ++i)
        out[i] += result.listeners[i] / static_cast<double>(results_.size());
    }
    return out;
  }

 private:
  std::vector<SimulationResult> results_;
};

struct Column {
  SimulationColumn column;
  std::string_view head;
  std::size_t width;
  std::string (*text)(const Runs&);
};

std::string mean_text(const Runs& runs, double SimulationResult::*field) {
  return decimal_text(runs.mean(field), 0);
}

std::string peak(const Runs& runs) {
  return cat({decimal_text(runs.mean(&SimulationResult::peak), 2), " (",
              decimal_text(runs.worst_peak(), 2), ")"});
}

std::string settled(const Runs& runs) {
  return runs.settled() < 0 ? "never" : decimal_text(runs.settled(), 1) + " s";
}

std::string per_mount(const Runs& runs) {
  return decimal_text(runs.mean(&SimulationResult::relays) /
                          std::max(1.0, runs.mean(&SimulationResult::mounts_used)),
                      2);
}

std::string listeners(const Runs& runs) {
  std::string out;
  for (const double n : runs.listeners()) out += (out.empty() ? "" : " : ") + decimal_text(n, 0);
  return out;
}

using enum SimulationColumn;
constexpr auto kColumns = std::to_array<Column>({
    {kPeak, "peak (worst)", 12, peak},
    {kOfIdeal, "of ideal", 8, [](const Runs& runs) { return decimal_text(runs.of_ideal(), 3); }},
    {kSpread, "spread", 6,
     [](const Runs& runs) { return decimal_text(runs.mean(&SimulationResult::spread99), 2); }},
    {kSettled, "settled", 7, settled},
    {kOverCap, "over cap", 8,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::above_cap); }},
    {kRelays, "relays", 6,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::relays); }},
    {kPerMount, "a mount", 7, per_mount},
    {kStarts, "starts", 6,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::relay_starts); }},
    {kWasted, "wasted", 6,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::wasted); }},
    {kRescued, "all back", 8,
     [](const Runs& runs) {
       return decimal_text(runs.mean(&SimulationResult::rescued), 1) + " s";
     }},
    {kRestarts, "restarts", 8,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::restarts); }},
    {kRefused, "refused", 7,
     [](const Runs& runs) { return mean_text(runs, &SimulationResult::refused); }},
    {kListeners, "listeners", 16, listeners},
});

const Column& column_of(SimulationColumn column) {
  return *std::find_if(kColumns.begin(), kColumns.end(),
                       [column](const Column& c) { return c.column == column; });
}

// "goal 1.05 reached"; sets `good` to false if a goal is missed.
std::string judge(const SimulationGoals& goals, const Runs& runs, bool& good) {
  std::string out;
  const auto say = [&](const std::string& what, bool reached) {
    out += (out.empty() ? "" : ", ") + what + (reached ? ": reached" : ": MISSED");
    good = good && reached;
  };
  if (goals.of_ideal)
    say("of ideal <= " + decimal_text(*goals.of_ideal, 2), runs.of_ideal() <= *goals.of_ideal);
  if (goals.peak)
    say("peak <= " + decimal_text(*goals.peak, 2),
        runs.mean(&SimulationResult::peak) <= *goals.peak);
  if (goals.relays)
    say("relays <= " + decimal_text(*goals.relays, 0),
        runs.mean(&SimulationResult::relays) <= *goals.relays);
  if (goals.wasted)
    say("wasted <= " + decimal_text(*goals.wasted, 0),
        runs.mean(&SimulationResult::wasted) <= *goals.wasted);
  if (!goals.listeners.empty()) {
    const std::vector<double> found = runs.listeners();
    double all = 0;
    double off = 0;
    std::string wanted;
    for (std::size_t i = 0; i < found.size(); ++i) {
      all += goals.listeners[i];
      off = std::max(off, std::abs(found[i] - goals.listeners[i]));
      wanted += (i == 0 ? "about " : " : ") + decimal_text(goals.listeners[i], 0);
    }
    say(wanted, off <= all / 20);
  }
  return out;
}

constexpr std::size_t kLabelWidth = 41;

std::string head(const SimulationScenario& scenario) {
  std::string out = left("", kLabelWidth);
  for (const SimulationColumn column : scenario.columns) {
    out += "  " + right(std::string(column_of(column).head), column_of(column).width);
  }
  return out + "\n";
}

}  // namespace

bool run_scenario(const SimulationScenario& scenario, unsigned seeds,
                  const SimulationPrinter& print) {
  bool good = true;
  const unsigned runs_each = std::max(1U, seeds / scenario.seeds_divisor);
  print(cat({"\n", scenario.name, ": ", scenario.about, "; seeds 1 to ", runs_each, "\n",
             head(scenario)}));
  std::string group;
  for (const SimulationRow& row : scenario.rows) {
    if (row.group != group) print(cat({"  ", row.group, "\n"}));
    group = row.group;
    Runs runs;
    for (unsigned seed = 1; seed <= runs_each; ++seed) runs.add(simulate(row.setup, seed));
    std::string line = left("    " + row.label, kLabelWidth);
    for (const SimulationColumn column : scenario.columns) {
      line += "  " + right(column_of(column).text(runs), column_of(column).width);
    }
    const std::string verdict = judge(row.goals, runs, good);
    print(cat({line, verdict.empty() ? "" : "  " + verdict, "\n"}));
  }
  return good;
}

std::string simulation_list() {
  std::string out;
  for (const SimulationScenario& scenario : simulation_scenarios()) {
    out += cat({"  ", left(std::string(scenario.name), 12), " ", scenario.about, "\n"});
  }
  return out;
}

Result<bool> run_simulation(std::string_view name, unsigned seeds, const SimulationPrinter& print) {
  bool good = true;
  bool found = false;
  for (const SimulationScenario& scenario : simulation_scenarios()) {
    if (name != "all" && name != scenario.name) continue;
    found = true;
    good = run_scenario(scenario, seeds, print) && good;
  }
  if (!found)
    return Error::not_found(
        cat({"there is no scenario \"", name, "\"; there are:\n", simulation_list()}));
  print(good ? "\nevery goal is reached\n" : "\na goal is MISSED\n");
  return good;
}

}  // namespace lb
