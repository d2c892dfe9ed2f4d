/*
 * cmd.h - the subcommands of `arbspot`: one function, one file, one line in main.c's table.
 *
 * argv[0] is the command's name, the rest are its arguments; the result is the exit status.
 */
#ifndef ARB_CMD_H
#define ARB_CMD_H

enum {
    CMD_OK = 0,
    CMD_FAILED = 1,
    CMD_USAGE = 64, /* EX_USAGE: the command line makes no sense */
};

int cmd_run(int argc, char **argv);
int cmd_replay(int argc, char **argv);
int cmd_check(int argc, char **argv);
int cmd_inspect(int argc, char **argv);
int cmd_new(int argc, char **argv);
int cmd_venues(int argc, char **argv);
int cmd_log(int argc, char **argv);
int cmd_verify(int argc, char **argv);
int cmd_survival(int argc, char **argv);
int cmd_matrix(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_view(int argc, char **argv);
int cmd_web(int argc, char **argv);
int cmd_why(int argc, char **argv);

#endif /* ARB_CMD_H */
