#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/calibrated_cost.h"
#include "core/params.h"
#include "core/recorder.h"
#include "core/roofline.h"
#include "experiments/config_file.h"

namespace speclab {

// A drafter's own word for price.draft, so that an axis of drafters can be priced.
inline constexpr const char* kPricedAs = "priced_as";

// The shapes that a drafter names itself, where it has that setting.
std::vector<std::string> read_priced_as(Params& drafter);

// What passes cost as [price] says, and which draft model of a point is priced as which shape.
class Pricing {
 public:
  // Reads [price] and resolves it into `settings`; without one nothing is priced.
  Pricing(const Config& config, std::map<std::string, nlohmann::json>& settings);

  // The settings that [price] of this config has.
  static std::vector<SettingNote> notes(const Config& config);

  const CostModel* model() const { return prices_.get(); }  // null: nothing is priced
  // Where prices are to be timed before the first run; null elsewhere.
  CalibratedCost* calibrated() const { return calibrated_; }
  // Who the next draft model is. ConfigError where its passes have no price though others have.
  Actor next_draft();
  // Draft models so far, those of parts of the target apart.
  int drafts() const { return drafts_; }
  // A draft model that is the first `layers` of the target's `of`: priced as that part of the priced target.
  Actor part_of_target(int layers, int of);
  void describe(Provenance& provenance) const;

 private:
  Pricing() = default;
  void read(Params& p, const Config& config);

  std::unique_ptr<CostModel> prices_;
  Roofline* roofline_ = nullptr;          // the same, where it is one
  CalibratedCost* calibrated_ = nullptr;  // likewise
  ModelShape target_;                     // where it is one
  std::size_t priced_drafts_ = 0;
  int drafts_ = 0;
  std::string device_, target_name_, draft_name_, error_;
  std::vector<std::string> remarks_;  // as Provenance has them
};

}  // namespace speclab
