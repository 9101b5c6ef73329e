import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import org.apache.maven.artifact.versioning.ComparableVersion;

/** Reads lines of two versions with a tab between them; prints how ComparableVersion orders each. */
public class MavenOrder {
    public static void main(String[] args) throws Exception {
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        var answers = new StringBuilder();
        for (String line; (line = lines.readLine()) != null; ) {
            var pair = line.split("\t", -1);
            try {
                answers.append(Integer.signum(new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]))));
            } catch (RuntimeException error) {
                answers.append('!');
            }
            answers.append('\n');
        }
        System.out.print(answers);
    }
}
