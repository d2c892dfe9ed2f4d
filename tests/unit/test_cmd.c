/* test_cmd.c - the executable as its user sees it: whole output and exit status. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { OUTPUT_MAX = 8192, TEXT_MAX = 512 };

/* Runs a command of the shell; `output` gets what it writes to stdout. Returns its exit status. */
static int run_shell(const char *command, char output[OUTPUT_MAX])
{
    FILE *const pipe = popen(command, "r");
    assert_non_null(pipe);
    output[fread(output, 1, OUTPUT_MAX - 1, pipe)] = '\0';
    const int ended = pclose(pipe);
    assert_true(WIFEXITED(ended));
    return WEXITSTATUS(ended);
}

/* Runs arbspot; `output` gets what it writes to both streams. Returns its exit status. */
static int run(const char *arguments, char output[OUTPUT_MAX])
{
    char command[TEXT_MAX];

    assert_true(snprintf(command, sizeof(command), "%s %s 2>&1", ARBSPOT_BIN, arguments) <
                (int)sizeof(command));
    return run_shell(command, output);
}

static void check_run(const char *arguments, int status, const char *wanted)
{
    char output[OUTPUT_MAX];
    const int ended = run(arguments, output);

    assert_string_equal(output, wanted);
    assert_int_equal(ended, status);
}

static void unknown_command_names_the_nearest(void **state)
{
    (void)state;
    check_run("chekc", 64, "arbspot: there is no command 'chekc'; did you mean 'check'?\n");
    check_run("frobnicate", 64, "arbspot: there is no command 'frobnicate'; see arbspot --help\n");
}

static void version_names_the_abi(void **state)
{
    (void)state;
    check_run("--version", 0, "arbspot " ARBSPOT_VERSION " (plugin ABI 2.0)\n");
}

static void command_explains_itself(void **state)
{
    (void)state;
    check_run("inspect --help", 0,
              "Usage: arbspot inspect PLUGIN\n"
              "\n"
              "Loads a plugin and prints what it says of itself, the options it takes, and of an "
              "exchange\n"
              "what its feed can prove, in each of its modes.\n"
              "PLUGIN is a file such as ./kraken.so, or a name such as kraken that is looked up "
              "where\n"
              "`arbspot run` looks without plugin_dir.\n"
              "\n"
              "  -h, --help  this text\n"
              "\n"
              "Exit status: 0 the plugin is good, 1 it is refused, 64 wrong usage.\n");
}

static void check_mistake(const char *command, const char *rest, const char *wanted)
{
    char arguments[TEXT_MAX], lines[OUTPUT_MAX];

    (void)snprintf(arguments, sizeof(arguments), "%s %s", command, rest);
    (void)snprintf(lines, sizeof(lines), "arbspot %s: %s\n`arbspot %s --help` says the rest\n",
                   command, wanted, command);
    check_run(arguments, 64, lines);
}

static void wrong_usage_names_what_is_missing(void **state)
{
    (void)state;
    check_mistake("check", "", "no configuration given: write `arbspot check -c FILE`");
    check_mistake("check", "my.ini",
                  "no configuration given: did you mean `arbspot check -c my.ini`?");
    check_mistake("run", "-p", "no configuration given: write `arbspot run -c FILE`");
    check_mistake("log", "my.ini", "needs --brokers or -c: did you mean `arbspot log -c my.ini`?");
    check_mistake("verify", "-d 2s", "needs --brokers or -c: write `arbspot verify -c FILE`");
    check_mistake("inspect", "", "no PLUGIN given");
    check_mistake("replay", "", "no plugin given: --plugin kraken");
    check_mistake("replay", "--plugin kraken", "no symbols given: --symbols BTC/USD");
    check_mistake("replay", "--plugin kraken --symbols BTC/USD", "no RECORDING given");
    check_mistake("replay", "--config a.ini", "no RECORDING given");
    check_mistake("replay", "--config a.ini --set depth=10 one=a.txt",
                  "with --config plugins, symbols and all else stand in the file");
}

static void wrong_usage_names_what_makes_no_sense(void **state)
{
    (void)state;
    check_mistake("check", "-c a.ini b.ini", "'b.ini' is one word too many");
    check_mistake("inspect", "kraken bitstamp", "'bitstamp' is one word too many");
    check_mistake("check", "--confg=a.ini",
                  "there is no option '--confg=a.ini'; did you mean '--config'?");
    check_mistake("check", "--nonsense", "there is no option '--nonsense'");
    check_mistake("check", "-x", "there is no option '-x'");
    check_mistake("replay", "-c a.ini", "there is no option '-c'");
    check_mistake("run", "--print=all", "--print takes no value");
    check_mistake("run", "-c", "the value of --config is missing");
    check_mistake("verify", "-b a:1 -d 2x",
                  "--duration 2x: give a time such as 30s or 5m, of 100ms to 24h");
    check_mistake("log", "-b a:1 -n 0", "--count 0: give a whole number from 1");
}

static void inspect_prints_the_plugin(void **state)
{
    (void)state;
    check_run("inspect " ARBSPOT_FIXTURES "/good.so", 0,
              "fixture 1.2: Does nothing, correctly.\n"
              "  file       " ARBSPOT_FIXTURES "/good.so\n"
              "  kind       exchange\n"
              "  ABI        2.0, this host speaks 2.0\n"
              "  instance   16 bytes\n"
              "  callbacks  init ask on_message fini\n"
              "  absent     spell on_answer checksum reset on_timer book_of\n"
              "options:\n"
              "  depth = 25\n"
              "      whole number, 10|25|100\n"
              "      Levels a side.\n"
              "  mode = full\n"
              "      word, full|diff\n"
              "      Which feed to read.\n"
              "what the feed can prove, with defaults:\n"
              "  mode        loss       checksum  snapshot  unknown delete  depth  liveness\n"
              "  full        none       0         stream    ignore          0      transport\n"
              "  diff        none       0         stream    ignore          0      transport\n");
}

/* Compares the end of what a command prints, from `from` on. */
static void check_tail(const char *arguments, const char *from, const char *wanted)
{
    char output[OUTPUT_MAX];

    assert_int_equal(run(arguments, output), 0);
    const char *const tail = strstr(output, from);
    assert_non_null(tail);
    assert_string_equal(tail, wanted);
}

static void inspect_shows_what_each_mode_can_prove(void **state)
{
    (void)state;
    check_tail("inspect bitstamp", "  mode      ",
               "  mode        loss       checksum  snapshot  unknown delete  depth  liveness\n"
               "  order_book  stateless  0         each      ignore          100    "
               "client_heartbeat\n"
               "  diff        none       0         http      ignore          0      "
               "client_heartbeat\n"
               "  orders      chain      0         http      ignore          0      "
               "client_heartbeat\n");
    check_tail("inspect okx", "  depth     ",
               "  depth       loss       checksum  snapshot  unknown delete  depth  liveness\n"
               "  1           stateless  0         each      ignore          1      "
               "client_heartbeat\n"
               "  5           stateless  0         each      ignore          5      "
               "client_heartbeat\n"
               "  400         chain      0         stream    ignore          400    "
               "client_heartbeat\n");
    check_tail("inspect kraken", "  protocol  ",
               "  protocol    loss       checksum  snapshot  unknown delete  depth  liveness\n"
               "  v2          checksum   10        stream    ignore          25     "
               "server_heartbeat\n"
               "  v1          checksum   10        stream    ignore          25     "
               "server_heartbeat\n");
}

static void inspect_refuses_with_the_reason(void **state)
{
    (void)state;
    check_run("inspect " ARBSPOT_FIXTURES "/other_major.so", 1,
              "arbspot: " ARBSPOT_FIXTURES "/other_major.so: was built for ABI 3.0, this host "
              "speaks 2.0: rebuild the plugin against this host's SDK\n");
    check_run("inspect " ARBSPOT_FIXTURES "/broken_options.so", 1,
              "arbspot: " ARBSPOT_FIXTURES "/broken_options.so: its option 'depth' has a fallback "
              "that its own limits refuse\n");
}

static void inspect_shows_fee_and_dates(void **state)
{
    (void)state;
    check_run("inspect " ARBSPOT_FIXTURES "/dated.so | sed -n '/instance/,/callbacks/p'", 0,
              "  instance   16 bytes\n"
              "  taker fee  25bp for a new account, as of 2026-08-31; yours may be another\n"
              "  facts      as of 2026-08-31\n"
              "  callbacks  init ask on_message fini\n");
}

/* Lists a folder made of fixtures and plugins; each @ in `wanted` stands for its path. */
static void check_venues(const char *files, int status, const char *fmt)
{
    char folder[] = "/tmp/arbspot-venues-XXXXXX", command[OUTPUT_MAX], wanted[OUTPUT_MAX];
    size_t len = 0;

    assert_non_null(mkdtemp(folder));
    assert_true(snprintf(command, sizeof(command), "cd %s && for f in %s; do ln -s $f; done",
                         folder, files) < (int)sizeof(command));
    assert_int_equal(system(command), 0);
    for (const char *p = fmt; *p != '\0' && len + sizeof(folder) < sizeof(wanted); p++) {
        if (*p == '@') {
            len += (size_t)snprintf(wanted + len, sizeof(wanted) - len, "%s", folder);
        } else {
            wanted[len++] = *p;
        }
    }
    wanted[len] = '\0';
    (void)snprintf(command, sizeof(command), "venues %s", folder);
    check_run(command, status, wanted);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

static void venues_lists_each_mode(void **state)
{
    (void)state;
    check_venues(ARBSPOT_PLUGINS "/kraken.so " ARBSPOT_PLUGINS "/okx.so " ARBSPOT_PLUGINS
                                 "/cross_venue.so " ARBSPOT_ETC "/minimal.ini",
                 0,
                 "VENUE   VERSION  MODE  LOSS       CHECKSUM  SNAPSHOT  DEPTH  LIVENESS          "
                 "BOOKS  REQ/S  OPENS      FEE    FEE DATE    FACTS\n"
                 "kraken  2.0.0    v2    checksum   10        stream    25     server_heartbeat  "
                 "200    20     120/10min  0.80%  2026-07-26  2026-08\n"
                 "kraken  2.0.0    v1    checksum   10        stream    25     server_heartbeat  "
                 "200    20     120/10min  0.80%  2026-07-26  2026-08\n"
                 "okx     1.0.0    1     stateless  -         each      1      client_heartbeat  "
                 "25     3      3/10s      0.10%  2026-07-26  2026-08\n"
                 "okx     1.0.0    5     stateless  -         each      5      client_heartbeat  "
                 "25     3      3/10s      0.10%  2026-07-26  2026-08\n"
                 "okx     1.0.0    400   chain      -         stream    400    client_heartbeat  "
                 "25     3      3/10s      0.10%  2026-07-26  2026-08\n");
}

/* One that has no plan without options is no broken one. */
static void venues_shows_what_is_not_known(void **state)
{
    (void)state;
    check_venues(
        ARBSPOT_FIXTURES "/refusing.so " ARBSPOT_FIXTURES "/least.so", 0,
        "VENUE    VERSION  MODE  LOSS  CHECKSUM  SNAPSHOT  DEPTH  LIVENESS   BOOKS  REQ/S  "
        "OPENS  FEE  FEE DATE  FACTS\n"
        "fixture  1.2      -     none  -         stream    whole  transport  all    -      "
        "-      -    -         -\n"
        "fixture  1.2      full  ?     ?         ?         ?      ?          ?      ?      "
        "?      -    -         -\n"
        "fixture  1.2      diff  ?     ?         ?         ?      ?          ?      ?      "
        "?      -    -         -\n");
}

static void venues_tells_broken_plugins_behind_the_table(void **state)
{
    (void)state;
    check_venues(
        ARBSPOT_FIXTURES "/dated.so " ARBSPOT_FIXTURES "/broken_options.so " ARBSPOT_FIXTURES
                         "/not_a_plugin.so " ARBSPOT_FIXTURES "/crashes_in_init.so",
        1,
        "VENUE    VERSION  MODE  LOSS  CHECKSUM  SNAPSHOT  DEPTH  LIVENESS   BOOKS  REQ/S  "
        "OPENS  FEE   FEE DATE    FACTS\n"
        "fixture  1.2      full  none  -         stream    whole  transport  all    -      "
        "-      25bp  2026-08-31  2026-08-31\n"
        "fixture  1.2      diff  none  -         stream    whole  transport  all    -      "
        "-      25bp  2026-08-31  2026-08-31\n"
        "arbspot venues: @/broken_options.so: its option 'depth' has a fallback that its "
        "own limits refuse\n"
        "arbspot venues: @/crashes_in_init.so: init() ends the process (Aborted)\n"
        "arbspot venues: @/not_a_plugin.so: exports no symbol arb_plugin: it is not an "
        "arbspot plugin, or lacks ARB_PLUGIN_EXPORT\n");
    check_venues(ARBSPOT_PLUGINS "/cross_venue.so", 1,
                 "arbspot venues: there is no exchange plugin in @\n");
    check_run("venues /nonexistent", 1,
              "arbspot venues: /nonexistent: No such file or directory\n");
}

/* As `run`, which takes the first one of a name. */
static void venues_hides_what_another_folder_has(void **state)
{
    char one[OUTPUT_MAX], two[OUTPUT_MAX];

    (void)state;
    assert_int_equal(run("venues " ARBSPOT_PLUGINS, one), 0);
    assert_int_equal(run("venues " ARBSPOT_PLUGINS " " ARBSPOT_PLUGINS, two), 0);
    assert_string_equal(one, two);
}

/* Writes a file and checks it; each @ in `fmt` stands for the path of the file. */
static void check_file(const char *text, int status, const char *fmt)
{
    char path[] = "/tmp/arbspot-cmd-XXXXXX", arguments[TEXT_MAX], wanted[OUTPUT_MAX];
    const int fd = mkstemp(path);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    assert_int_equal(close(fd), 0);
    (void)snprintf(arguments, sizeof(arguments), "check -c %s", path);
    size_t len = 0;
    for (const char *p = fmt; *p != '\0' && len + sizeof(path) < sizeof(wanted); p++) {
        if (*p == '@') {
            len += (size_t)snprintf(wanted + len, sizeof(wanted) - len, "%s", path);
        } else {
            wanted[len++] = *p;
        }
    }
    wanted[len] = '\0';
    check_run(arguments, status, wanted);
    assert_int_equal(unlink(path), 0);
}

static void check_says_what_would_start(void **state)
{
    (void)state;
    check_file("[host]\n"
               "plugin_dir = " ARBSPOT_FIXTURES "\n"
               "[kafka]\n"
               "brokers = embedded\n"
               "[exchange:one]\n"
               "plugin = good\n"
               "symbols = BTC/USD, ETH/USD, */EUR\n"
               "taker_fee = 0.4%\n"
               "depth = 100\n"
               "[exchange:two]\n"
               "plugin = least\n"
               "symbols = BTC/USD\n"
               "taker_fee = 0.4%\n",
               0,
               "@: ok: 2 exchanges, 3 symbols, 1 pattern, 0 strategies\n"
               "@: note: 1 of 2 instruments are on one exchange only, and compared with none: "
               "ETH/USD (one); what patterns stand for is in the venues' catalogs and not "
               "counted\n");
}

static void check_shows_problems_of_file_and_plugins_by_line(void **state)
{
    (void)state;
    check_file("[exchange:one]\n"
               "plugin = good\n"
               "depth = 26\n"
               "taker_fee = 1%\n"
               "symbol = BTC/USD\n"
               "[host]\n"
               "plugin_dir = " ARBSPOT_FIXTURES "\n"
               "ringg = 1MiB\n",
               78,
               "@: [kafka] brokers: missing; give 'embedded' or a list like host1:9092, "
               "host2:9092\n"
               "@:1: [exchange:one] symbols: missing; give symbols such as BTC/USD, ETH/USD or a "
               "pattern like */USD\n"
               "@:3: [exchange:one] depth: '26' is not one of 10, 25, 100\n"
               "@:5: [exchange:one] symbol: unknown key; did you mean 'symbols'?\n"
               "@:8: [host] ringg: unknown key; did you mean 'ring'?\n");
}

static void check_names_the_fee_that_a_plugin_knows(void **state)
{
    (void)state;
    check_file("[kafka]\n"
               "brokers = embedded\n"
               "[exchange:one]\n"
               "plugin = " ARBSPOT_FIXTURES "/dated.so\n"
               "symbols = A/B\n"
               "[exchange:two]\n"
               "plugin = " ARBSPOT_FIXTURES "/dated.so\n"
               "symbols = A/B\n"
               "taker_fee = 11%\n"
               "[exchange:three]\n"
               "plugin = " ARBSPOT_FIXTURES "/good.so\n"
               "symbols = A/B\n",
               78,
               "@:3: [exchange:one] taker_fee: missing; give a share from -10% to 10%, such as "
               "0.26%, 26bp or 2600ppm; a new account pays 25bp as of 2026-08-31, yours may be "
               "another\n"
               "@:9: [exchange:two] taker_fee: '11%' is not a share from -10% to 10%, such as "
               "0.26%, 26bp or 2600ppm\n"
               "@:10: [exchange:three] taker_fee: missing; give a share from -10% to 10%, such as "
               "0.26%, 26bp or 2600ppm\n");
}

/* Of one that runs elsewhere too, whose plugin nobody else loads. */
static void check_notes_the_fee_that_is_taken_from_a_plugin(void **state)
{
    (void)state;
    check_file(
        "[kafka]\n"
        "brokers = embedded\n"
        "[exchange:one]\n"
        "plugin = " ARBSPOT_FIXTURES "/dated.so\n"
        "symbols = A/B\n"
        "taker_fee = default\n"
        "[exchange:two]\n"
        "enabled = no\n"
        "plugin = " ARBSPOT_FIXTURES "/dated.so\n"
        "taker_fee = default ; to begin with\n"
        "symbols = XBT/A, A/B\n"
        "[strategy:s]\n"
        "plugin = " ARBSPOT_PLUGINS "/cross_venue.so\n",
        0,
        "@: ok: 1 exchange, 1 symbol, 1 strategy\n"
        "@:6: note: [exchange:one] taker_fee: the default is 25bp, which a new account pays "
        "as of 2026-08-31; yours may be another\n"
        "@:10: note: [exchange:two] taker_fee: the default is 25bp, which a new account pays "
        "as of 2026-08-31; yours may be another\n"
        "@:11: note: [exchange:two] symbols: write BTC/A for XBT/A: a venue's own names are "
        "translated\n"
        "@: note: 1 of 2 instruments are on one exchange only, and compared with none: XBT/A "
        "(two)\n");
}

static void check_wants_a_fee_where_the_plugin_knows_none(void **state)
{
    (void)state;
    check_file(
        "[host]\n"
        "plugin_dir = " ARBSPOT_FIXTURES "\n"
        "[kafka]\n"
        "brokers = embedded\n"
        "[exchange:good]\n"
        "symbols = A/B\n"
        "taker_fee = default\n"
        "[exchange:two]\n"
        "enabled = no\n"
        "plugin = good\n"
        "symbols = A/B\n"
        "taker_fee = default\n"
        "[exchange:three]\n"
        "enabled = no\n"
        "symbols = A/B\n"
        "taker_fee = default\n"
        "[exchange:four]\n"
        "symbols = A/B\n"
        "taker_fee = default\n",
        78,
        "@:7: [exchange:good] taker_fee: its plugin fixture tells no fee: give yours, such as "
        "0.26%\n"
        "@:12: [exchange:two] taker_fee: its plugin fixture tells no fee: give yours, such as "
        "0.26%\n"
        "@:16: [exchange:three] taker_fee: the default is what its plugin tells, and there "
        "is no three.so in " ARBSPOT_FIXTURES ": give your fee, such as 0.26%\n"
        "@:17: [exchange:four] plugin: there is no four.so in " ARBSPOT_FIXTURES
        ": set plugin_dir, or give a path\n");
}

/* Of what depends on a value that cannot be had, nothing is said. */
static void check_tells_no_consequences(void **state)
{
    (void)state;
    check_file("[kafka]\n"
               "brokers = a:1\n"
               "rdkafka.security.protocol = SASL_SSL\n"
               "rdkafka.sasl.mechanisms = PLAIN\n"
               "rdkafka.sasl.username = u\n"
               "rdkafka.sasl.password = ${ARBSPOT_TEST_NONE}\n"
               "rdkafka.acks = 1\n"
               "[host]\n"
               "plugin_dir = " ARBSPOT_FIXTURES "\n"
               "[exchange:one]\n"
               "enabled = maybe\n"
               "plugin = good\n"
               "symbols = A/B\n"
               "taker_fee = 1%\n"
               "depth = \"25\"x\n"
               "[exchange:two]\n"
               "plugin = ${ARBSPOT_TEST_NONE}\n"
               "symbols = A/B\n"
               "taker_fee = \"1%\n"
               "[strategy:s]\n"
               "plugin = " ARBSPOT_PLUGINS "/cross_venue.so\n"
               "source = direct\n",
               78,
               "@:6: [kafka] rdkafka.sasl.password: ${ARBSPOT_TEST_NONE} is not set: the "
               "environment of arbspot has no such variable\n"
               "@:7: [kafka] rdkafka.acks: every message waits for all replicas in sync, or a "
               "broker that dies takes messages along that were counted as delivered; only all "
               "is taken\n"
               "@:11: [exchange:one] enabled: 'maybe' is not yes or no\n"
               "@:15: [exchange:one] depth: text behind the closing quote: a mark inside quotes "
               "is written twice\n"
               "@:17: [exchange:two] plugin: ${ARBSPOT_TEST_NONE} is not set: the environment of "
               "arbspot has no such variable\n"
               "@:19: [exchange:two] taker_fee: the quote that begins the value is not closed in "
               "its line\n");
    check_file("[kafka]\n"
               "brokers = a:1\n"
               "rdkafka.security.protocol = ${ARBSPOT_TEST_NONE}\n"
               "rdkafka.sasl.mechanisms = PLAIN\n"
               "[host]\n"
               "plugin_dir = ${ARBSPOT_TEST_NONE}\n"
               "[exchange:one]\n"
               "symbols = A/B\n"
               "taker_fee = 1%\n",
               78,
               "@:3: [kafka] rdkafka.security.protocol: ${ARBSPOT_TEST_NONE} is not set: the "
               "environment of arbspot has no such variable\n"
               "@:6: [host] plugin_dir: ${ARBSPOT_TEST_NONE} is not set: the environment of "
               "arbspot has no such variable\n");
}

static void check_notes_a_secret_with_a_comment(void **state)
{
    (void)state;
    check_file("[kafka]\n"
               "brokers = a:1\n"
               "rdkafka.security.protocol = SASL_PLAINTEXT # as they want it\n"
               "rdkafka.sasl.mechanisms = PLAIN\n"
               "rdkafka.sasl.username = u ; mine\n"
               "rdkafka.sasl.password = pa #ss\n"
               "[exchange:one]\n"
               "enabled = no\n"
               "symbols = A/B\n"
               "taker_fee = 1%\n"
               "api_KEY = a ;b\n"
               "my_secret = \"a\" #b\n"
               "auth_token = a#b\n"
               "other_token = ${PATH} #b\n"
               "key.location = a #b\n"
               "[exchange:two]\n"
               "plugin = " ARBSPOT_FIXTURES "/good.so\n"
               "symbols = A/B\n"
               "taker_fee = 1%\n",
               0,
               "@: ok: 1 exchange, 1 symbol, 0 strategies\n"
               "@:6: note: [kafka] rdkafka.sasl.password: a comment stands behind this value; "
               "quote it if it belongs to it\n"
               "@:11: note: [exchange:one] api_KEY: a comment stands behind this value; quote it "
               "if it belongs to it\n");
}

static void shipped_files_are_good_with_their_plugins(void **state)
{
    (void)state;
    check_run("check -c " ARBSPOT_ETC "/arbspot.ini", 0,
              ARBSPOT_ETC "/arbspot.ini: ok: 2 exchanges, 10 symbols, 1 strategy\n");
    check_run("check -c " ARBSPOT_ETC "/minimal.ini", 0,
              ARBSPOT_ETC "/minimal.ini: ok: 2 exchanges, 4 symbols, 1 strategy\n");
}

/* The sections are those of the plugins, and what the file says of fees is what they say. */
static void all_venues_are_in_their_file(void **state)
{
    static const char venues[] =
        ARBSPOT_BIN " venues " ARBSPOT_PLUGINS " | awk 'NR > 1 { print $1, $12 }' | sort -u";
    static const char sections[] =
        "sed -n 's/^.exchange:\\(.*\\).$/\\1/p; s/^taker_fee = //p' " ARBSPOT_ETC
        "/all-venues.ini | paste -d' ' - - | sort -u";
    char output[OUTPUT_MAX], of_plugins[OUTPUT_MAX];

    (void)state;
    assert_int_equal(run("check -c " ARBSPOT_ETC "/all-venues.ini", output), 0);
    assert_ptr_equal(strstr(output, ARBSPOT_ETC "/all-venues.ini: ok: "), output);
    assert_null(strchr(strchr(output, '\n') + 1, '\n')); /* nothing to note */
    assert_int_equal(run_shell(venues, of_plugins), 0);
    assert_int_equal(run_shell(sections, output), 0);
    assert_string_equal(output, of_plugins);
}

/* -- replay of several exchanges ------------------------------------------------------------ */

static const char two_exchanges[] = "[kafka]\n"
                                    "brokers = embedded\n"
                                    "[exchange:one]\n"
                                    "plugin = bitstamp\n"
                                    "symbols = BTC/USD\n"
                                    "taker_fee = 0%\n"
                                    "[exchange:two]\n"
                                    "plugin = bitstamp\n"
                                    "symbols = BTC/USD\n"
                                    "taker_fee = 0%\n"
                                    "[strategy:cross_venue]\n"
                                    "max_age = 2s\n";

#define MARKETS                                                                                    \
    "https://v/api/v2/markets/ -> 1.5: [{\"name\":\"BTC/USD\",\"market_symbol\":\"btcusd\","       \
    "\"base_currency\":\"BTC\",\"base_decimals\":8,\"counter_currency\":\"USD\","                  \
    "\"counter_decimals\":2,\"trading\":\"Enabled\",\"market_type\":\"SPOT\"}]\n"
#define BOOK(s, bid, ask)                                                                          \
    s ".0: {\"event\":\"data\",\"channel\":\"order_book_btcusd\",\"data\":{\"timestamp\":\"" s     \
      "\",\"microtimestamp\":\"" s "000000\",\"bids\":[[\"" bid "\",\"1\"]],\"asks\":[[\"" ask     \
      "\",\"1\"]]}}\n"

static void write_text(const char *folder, const char *name, const char *text)
{
    char path[TEXT_MAX];

    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *const file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

/* A configuration, and a recording of each exchange. */
struct replayed {
    const char *config, *one, *two;
};

/* In a folder with these. `rest` is of the shell. */
static void check_replay(const struct replayed *files, const char *rest, const char *wanted)
{
    char folder[] = "/tmp/arbspot-replay-XXXXXX", command[OUTPUT_MAX], output[OUTPUT_MAX];

    assert_non_null(mkdtemp(folder));
    write_text(folder, "two.ini", files->config);
    write_text(folder, "one.txt", files->one);
    write_text(folder, "two.txt", files->two);
    (void)snprintf(command, sizeof(command), "cd %s && " ARBSPOT_BIN " replay --config two.ini %s",
                   folder, rest);
    (void)run_shell(command, output); /* of sed, or in vain */
    assert_string_equal(output, wanted);
    (void)snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(run_shell(command, output), 0);
}

/*
 * A book that does not change is not old; what is open at the end is closed at the end. What was
 * left of it later is told between.
 */
static void replay_goes_through_several_recordings_as_they_came(void **state)
{
    static const struct replayed files = {
        .config = two_exchanges,
        .one = MARKETS BOOK("2", "100", "101") BOOK("4", "100", "103.5") BOOK("5", "100", "102"),
        .two = MARKETS BOOK("3", "103", "104") BOOK("6", "103", "105"),
    };

    (void)state;
    check_replay(
        &files,
        "one=one.txt two=two.txt 2>/dev/null | sed "
        "'s/.*\"type\":\"\\([a-z]*\\)\",\"venue\":\"\\([a-z]*\\)\".*\"state\":\"\\([A-Z]*\\)\".*"
        "\"pub_ns\":\\([0-9]*\\).*/\\4 \\1 \\2 \\3/; "
        "s/.*\"type\":\"survival\",\"id\":\"0*\\([0-9]*\\)\".*\"net\":\"\\([0-9.]*\\)\",\"of_qty"
        ".*\"detect_ns\":\\([0-9]*\\).*/\\3 rest of \\1 net \\2/; "
        "s/"
        ".*\"event\":\"\\([a-z]*\\)\",\\(\"reason\":\"\\)*\\([a-z_]*\\).*\"id\":\"0*\\([0-9]*\\)\""
        ".*\"legs\":\\[{\"venue\":\"\\([a-z]*\\)\".*\"gross\":\"\\([0-9.]*\\)\".*\"detect_ns\":"
        "\\([0-9]*\\).*/\\7 \\1 \\4 buy \\5 gross \\6 \\3/'",
        "1500000000 status two SYNCING\n"
        "1550000000 status one SYNCING\n"
        "2000000000 snapshot one LIVE\n"
        "3000000000 snapshot two LIVE\n"
        "3000000000 open 1 buy one gross 2 \n"
        "3010000000 rest of 1 net 2\n"
        "3050000000 rest of 1 net 2\n"
        "3100000000 rest of 1 net 2\n"
        "3250000000 rest of 1 net 2\n"
        "3500000000 rest of 1 net 2\n"
        "4000000000 snapshot one LIVE\n"
        "4000000000 close 1 buy one gross 2 gone\n"
        "4000000000 rest of 1 net 0\n"
        "5000000000 snapshot one LIVE\n"
        "5000000000 open 2 buy one gross 1 \n"
        "5010000000 rest of 2 net 1\n"
        "5050000000 rest of 2 net 1\n"
        "5100000000 rest of 2 net 1\n"
        "5250000000 rest of 2 net 1\n"
        "5500000000 rest of 2 net 1\n"
        "6000000000 snapshot two LIVE\n"
        "6000000000 rest of 2 net 1\n"
        "6000000000 close 2 buy one gross 1 shutdown\n");
}

/* 1 is for sale at 101 and wanted at 103: what is taken of it is a multiple of 0.4. */
static void replay_has_the_terms_of_the_configuration(void **state)
{
    static const struct replayed files = {
        .config = "[kafka]\n"
                  "brokers = embedded\n"
                  "[instrument:BTC/USD]\n"
                  "taker_fee.one = 1%\n"
                  "lot.two = 0.4\n"
                  "[exchange:one]\n"
                  "plugin = bitstamp\n"
                  "symbols = BTC/USD\n"
                  "taker_fee = 0%\n"
                  "[exchange:two]\n"
                  "plugin = bitstamp\n"
                  "symbols = BTC/USD\n"
                  "taker_fee = 1%, 5: 0.5%, 6: 0.4%\n"
                  "volume_30d = 5\n"
                  "[strategy:cross_venue]\n",
        .one = MARKETS BOOK("2", "100", "101"),
        .two = MARKETS BOOK("3", "103", "104"),
    };

    (void)state;
    check_replay(&files,
                 "one=one.txt two=two.txt 2>/dev/null | grep '\"event\":\"open\"' | "
                 "grep -o '\"\\(qty\\|notional\\|fees*\\|net\\)\":\"[^\"]*\"'",
                 "\"qty\":\"0.8\"\n"
                 "\"notional\":\"80.8\"\n"
                 "\"fee\":\"0.808\"\n"
                 "\"qty\":\"0.8\"\n"
                 "\"notional\":\"82.4\"\n"
                 "\"fee\":\"0.412\"\n"
                 "\"net\":\"0.38\"\n"
                 "\"fees\":\"1.22\"\n");
}

/* What the plugin says of a new account at Bitstamp: 0.40%, of 101 and of 103. */
static void replay_has_the_fee_that_is_taken_from_a_plugin(void **state)
{
    static const struct replayed files = {
        .config = "[kafka]\n"
                  "brokers = embedded\n"
                  "[exchange:one]\n"
                  "plugin = bitstamp\n"
                  "symbols = BTC/USD\n"
                  "taker_fee = default\n"
                  "[exchange:two]\n"
                  "plugin = bitstamp\n"
                  "symbols = BTC/USD\n"
                  "taker_fee = default\n"
                  "[strategy:cross_venue]\n",
        .one = MARKETS BOOK("2", "100", "101"),
        .two = MARKETS BOOK("3", "103", "104"),
    };

    (void)state;
    check_replay(&files,
                 "one=one.txt two=two.txt 2>/dev/null | grep '\"event\":\"open\"' | "
                 "grep -o '\"fee\":\"[^\"]*\"'",
                 "\"fee\":\"0.404\"\n"
                 "\"fee\":\"0.412\"\n");
}

static void replay_names_what_it_cannot_merge(void **state)
{
    static const struct replayed bare = { two_exchanges, MARKETS,
                                          "{\"event\":\"bts:heartbeat\"}\n" };
    static const struct replayed files = { two_exchanges, MARKETS, MARKETS };

    (void)state;
    check_replay(&bare, "one=one.txt two=two.txt 2>&1",
                 "arbspot replay: the recording of two has no times, so that nobody knows which "
                 "frame came before those of the others; write TIME: in front of each, or give it "
                 "alone\n");
    check_replay(&files, "one=one.txt three=two.txt 2>&1",
                 "arbspot replay: three=two.txt: with --config each recording is named "
                 "EXCHANGE=FILE, and the exchange has an enabled section in two.ini\n");
    check_replay(&files, "one.txt 2>&1",
                 "arbspot replay: one.txt: with --config each recording is named EXCHANGE=FILE, "
                 "and the exchange has an enabled section in two.ini\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_command_names_the_nearest),
        cmocka_unit_test(version_names_the_abi),
        cmocka_unit_test(command_explains_itself),
        cmocka_unit_test(wrong_usage_names_what_is_missing),
        cmocka_unit_test(wrong_usage_names_what_makes_no_sense),
        cmocka_unit_test(inspect_prints_the_plugin),
        cmocka_unit_test(inspect_shows_what_each_mode_can_prove),
        cmocka_unit_test(inspect_shows_fee_and_dates),
        cmocka_unit_test(inspect_refuses_with_the_reason),
        cmocka_unit_test(venues_lists_each_mode),
        cmocka_unit_test(venues_shows_what_is_not_known),
        cmocka_unit_test(venues_tells_broken_plugins_behind_the_table),
        cmocka_unit_test(venues_hides_what_another_folder_has),
        cmocka_unit_test(check_says_what_would_start),
        cmocka_unit_test(check_shows_problems_of_file_and_plugins_by_line),
        cmocka_unit_test(check_names_the_fee_that_a_plugin_knows),
        cmocka_unit_test(check_notes_the_fee_that_is_taken_from_a_plugin),
        cmocka_unit_test(check_wants_a_fee_where_the_plugin_knows_none),
        cmocka_unit_test(check_tells_no_consequences),
        cmocka_unit_test(check_notes_a_secret_with_a_comment),
        cmocka_unit_test(shipped_files_are_good_with_their_plugins),
        cmocka_unit_test(all_venues_are_in_their_file),
        cmocka_unit_test(replay_goes_through_several_recordings_as_they_came),
        cmocka_unit_test(replay_has_the_terms_of_the_configuration),
        cmocka_unit_test(replay_has_the_fee_that_is_taken_from_a_plugin),
        cmocka_unit_test(replay_names_what_it_cannot_merge),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
