"""G14, G15, G16: what a master does in a second, and what it costs."""
from bench import free_port
from crowd_bench import crowd_master, Crowd, nodes_of, mount_name, program
from rate import Nginx, compare, cpu_seconds, nginx_program
from table import Unmeasured, goal


@goal("G14", "302 answers a second, of nginx's", at_least=0.8)
def g14_rate(bench):
    """redirect-rate (one thread, 64 connections, no keep-alive) asks nginx (`return 302`, one worker, access log) and a
    master with one worker and 12 simulated nodes, in turn, five rounds of 3 s each; best round against best round."""
    nginx = nginx_program()
    if not nginx:
        raise Unmeasured("nginx is not installed")
    nodes = nodes_of([10**6] * 12)
    master = crowd_master(bench, nodes)
    crowd = Crowd(bench, master, nodes, settle=0)
    crowd.event("begin")
    theirs = bench.owned(Nginx(nginx, bench.dir / "nginx", "127.0.0.10", free_port("127.0.0.10")))
    found = compare(program("redirect-rate"), mount_name(0),
                    (master.host, master.given_port, lambda: cpu_seconds(master.process.pid)),
                    (theirs.host, theirs.port, theirs.cpu))
    return found["ratio"], ("ours %(ours).0f/s, nginx %(theirs).0f/s; CPU of an answer %(ours_us).1f µs, nginx "
                            "%(theirs_us).1f µs; median of rounds %(median_ratio).2f; other answers %(others)d" % found)
