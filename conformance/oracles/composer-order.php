<?php
// Reads lines of two versions with a tab between them; prints how Composer orders each.
require '/usr/share/php/Composer/Semver/autoload.php';

use Composer\Semver\Comparator;
use Composer\Semver\VersionParser;

$parser = new VersionParser();
while (($line = fgets(STDIN)) !== false) {
    [$a, $b] = explode("\t", rtrim($line, "\n"));
    try {
        [$a, $b] = [$parser->normalize($a), $parser->normalize($b)];
        echo Comparator::lessThan($a, $b) ? -1 : (Comparator::greaterThan($a, $b) ? 1 : (Comparator::equalTo($a, $b) ? 0 : 'none')), "\n";
    } catch (UnexpectedValueException) {
        echo "!\n";
    }
}
