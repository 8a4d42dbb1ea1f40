#include <atomic>
#include <cstdlib>
#include <stdexcept>

#include "kernels/table.hpp"

namespace penlight {

#if defined(PENLIGHT_X86_LEVELS)
namespace v2 {
extern const KernelTable kTable;
}
namespace v3 {
extern const KernelTable kTable;
}
namespace v4 {
extern const KernelTable kTable;
}
#else
namespace baseline {
extern const KernelTable kTable;
}
#endif

namespace {

struct Level {
  const char* name;
  const KernelTable* table;
  bool (*runs_here)();
};

// Narrowest first. Compilers know the psABI levels by name only since lately, so ask by feature;
// every processor with these has the rest of its level.
#if defined(PENLIGHT_X86_LEVELS)
bool has_v2() { return __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("popcnt"); }

bool has_v3() {
  return has_v2() && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
         __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
}

bool has_v4() {
  return has_v3() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

constexpr Level kLevels[] = {
    {"default", &v2::kTable, has_v2},
    {"avx2", &v3::kTable, has_v3},
    {"avx512", &v4::kTable, has_v4},
};
#else
constexpr Level kLevels[] = {{"default", &baseline::kTable, [] { return true; }}};
#endif

std::atomic<const Level*> chosen{nullptr};

const Level* find(const std::string& name) {
  std::string here;
  for (const Level& level : kLevels) {
    if (!level.runs_here()) continue;
    if (name == level.name) return &level;
    here += here.empty() ? level.name : std::string(", ") + level.name;
  }
  throw std::invalid_argument("CPU capability \"" + name +
                              "\" is not one that runs here: expected one of " + here);
}

}  // namespace

const KernelTable& kernels() { return *chosen.load(std::memory_order_relaxed)->table; }

std::vector<std::string> cpu_capabilities() {
  std::vector<std::string> names;
  for (const Level& level : kLevels) {
    if (level.runs_here()) names.emplace_back(level.name);
  }
  return names;
}

std::string cpu_capability() { return chosen.load(std::memory_order_relaxed)->name; }

void force_cpu_capability(const std::string& name) { chosen.store(find(name)); }

}  // namespace penlight
