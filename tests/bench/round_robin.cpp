// round_robin: wall-clock times of short commands, measured in turns.
//
//   round_robin ROUNDS PAUSE_MS FILE
//
// FILE has a command a line: "name<TAB>words". A line that begins with '<' is run, untimed, before the next command, and one
// with '@' after the last. Each round runs every command once, so that a drift of the machine's speed hits all alike; two
// rounds go before that are not counted. Prints "name<TAB>one tenth<TAB>median<TAB>nine tenths<TAB>failures", in milliseconds.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace {

using Words = std::vector<std::string>;
constexpr int warm_up = 2;

struct Command {
    std::string name;
    Words before, words, after;
    std::vector<double> times;
    int failures = 0;
};

/// Split at blanks.
Words split(const std::string& text) {
    std::istringstream stream(text);
    Words words;
    for (std::string word; stream >> word;) words.push_back(word);
    return words;
}

std::vector<Command> read_commands(const char* path) {
    std::ifstream file(path);
    std::vector<Command> commands;
    Words before;
    for (std::string line; std::getline(file, line);) {
        const size_t tab = line.find('\t');
        if (line.starts_with('<'))
            before = split(line.substr(1));
        else if (line.starts_with('@') && !commands.empty())
            commands.back().after = split(line.substr(1));
        else if (tab != std::string::npos)
            commands.push_back({line.substr(0, tab), std::exchange(before, {}), split(line.substr(tab + 1)), {}, {}, 0});
    }
    return commands;
}

/// Milliseconds; with stdin, stdout and stderr on /dev/null.
double run(const Words& words, int& failures) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2}) posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
    const auto begin = std::chrono::steady_clock::now();
    pid_t pid = 0;
    int status = -1;
    if (posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), environ) == 0) waitpid(pid, &status, 0);
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    posix_spawn_file_actions_destroy(&actions);
    failures += status != 0;
    return took.count();
}

void turn(Command& command, bool counted) {
    int ignored = 0;
    if (!command.before.empty()) run(command.before, ignored);
    const double took = run(command.words, counted ? command.failures : ignored);
    if (!command.after.empty()) run(command.after, ignored);
    if (counted) command.times.push_back(took);
}

double quantile(std::vector<double> times, double part) {
    std::sort(times.begin(), times.end());
    return times[static_cast<size_t>(part * static_cast<double>(times.size() - 1) + 0.5)];
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) return std::fputs("usage: round_robin ROUNDS PAUSE_MS FILE\n", stderr), 2;
    const int rounds = std::max(1, std::stoi(argv[1]));
    const std::chrono::milliseconds pause(std::stoi(argv[2]));
    std::vector<Command> commands = read_commands(argv[3]);
    for (int round = -warm_up; round < rounds; ++round)
        for (Command& command : commands) {
            turn(command, round >= 0);
            std::this_thread::sleep_for(pause);
        }
    for (const Command& command : commands)
        std::printf("%s\t%.3f\t%.3f\t%.3f\t%d\n", command.name.c_str(), quantile(command.times, 0.1),
                    quantile(command.times, 0.5), quantile(command.times, 0.9), command.failures);
    return 0;
}
