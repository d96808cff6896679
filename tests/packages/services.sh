# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=sh disable=SC2034 # who sources it uses them
#
# The services in the Debian of scripts/debian-root.sh SUITE-services, for stages that have sourced stages.sh: what is
# put into them, and how much of it is there as it should be.

items=20000
keys=5000
rows=30000

if [ -x /usr/bin/redis-server ]; then
	store=redis store_unit=redis-server cli=redis-cli
else
	store=valkey store_unit=valkey-server cli=valkey-cli
fi
cluster=$(cd /etc/postgresql && echo */main)
pg_unit=postgresql@${cluster%/main}-main

# memcached WHAT: "fill", or "count": prints how many are there as they should be
memcached() {
	perl -e '
		use IO::Socket::INET;
		my ($what, $items) = @ARGV;
		my $s = IO::Socket::INET->new("127.0.0.1:11211") or die "memcached: $!\n";
		sub value { my $n = shift; join "-", map { $n * $_ % 1000003 } 1 .. 60 + $n % 40 }
		my $good = 0;
		for (my $from = 0; $from < $items; $from += 100) {
			my @numbers = $from .. $from + 99;
			if ($what eq "fill") {
				print $s map { my $v = value($_); "set key:$_ $_ 0 " . length($v) . " noreply\r\n$v\r\n" } @numbers;
				next;
			}
			print $s "get " . join(" ", map "key:$_", @numbers) . "\r\n";
			while (my $line = <$s>) {
				last if $line =~ /^END/;
				my ($n, $flags, $length) = $line =~ /^VALUE key:(\d+) (\d+) (\d+)/ or die $line;
				read $s, my $v, $length + 2;
				$good++ if $n == $flags && $v eq value($n) . "\r\n";
			}
		}
		print $s "version\r\n";
		<$s>;
		print "$good\n";' "$1" $items
}

# store WHAT
store() {
	case $1 in
	fill) seq $keys | sed 's/.*/SET key:& value-&-&/' | $cli >/dev/null ;;
	count) seq $keys | sed 's/.*/GET key:&/' | $cli | awk '$0 == "value-" NR "-" NR { n++ } END { print n + 0 }' ;;
	esac
}

sql() {
	su postgres -c "cd / && psql -X -q -A -t -c \"$1\"" || fail "psql: $1"
}

# database WHAT
database() {
	case $1 in
	fill) sql "create table if not exists kept as select i, md5(i::text) m from generate_series(1, $rows) i" ;;
	count) sql "select count(*) from kept where m = md5(i::text)" ;;
	add) sql "insert into kept select i, md5(i::text) from generate_series(1, 100) i" ;;
	esac
}
