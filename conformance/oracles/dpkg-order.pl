# Reads lines of two versions with a tab between them; prints how Dpkg::Version orders each.
use strict;
use warnings;
use Dpkg::Version;

while (my $line = <STDIN>) {
    chomp $line;
    my ($a, $b) = split /\t/, $line, -1;
    my ($x, $y) = map { Dpkg::Version->new($_, check => 1) } ($a, $b);
    print defined $x && defined $y ? version_compare($a, $b) : '!', "\n";
}
