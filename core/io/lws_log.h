/*
 * lws_log.h - what libwebsockets says by itself, on its way into our log.
 */
#ifndef ARB_LWS_LOG_H
#define ARB_LWS_LOG_H

/*
 * Takes the lines of libwebsockets, which has one place for them in the process: before each of its
 * contexts is made, on the main thread.
 */
void lws_log_take(void);

#endif /* ARB_LWS_LOG_H */
