import type { ArchiveSight } from './manifest-identity.ts';

interface Family {
  readonly artifact: RegExp;
  readonly classes: string;
  /** Of artifacts that moved to another group: the versions in this one. */
  readonly versions?: RegExp;
  readonly groupId: string;
  /** Its name in a repository, where that of the file is another. */
  readonly artifactId?: string;
}

/**
 * Artifacts whose builds put neither Maven's files nor their group into the archive, by name and by the directory of
 * their classes: together they leave no doubt about the group.
 */
const families: readonly Family[] = [
  { artifact: /^spring-boot(?:-[a-z-]+)?$/, classes: 'org/springframework/boot/', groupId: 'org.springframework.boot' },
  { artifact: /^spring-cloud-[a-z-]+$/, classes: 'org/springframework/cloud/', groupId: 'org.springframework.cloud' },
  { artifact: /^spring-data-[a-z]+$/, classes: 'org/springframework/data/', groupId: 'org.springframework.data' },
  {
    artifact: /^spring-security-[a-z0-9-]+$/,
    classes: 'org/springframework/security/',
    groupId: 'org.springframework.security',
  },
  {
    artifact: /^spring-session-[a-z-]+$/,
    classes: 'org/springframework/session/',
    groupId: 'org.springframework.session',
  },
  {
    artifact:
      /^spring-(?:aop|aspects|beans|context|context-support|context-indexer|core|expression|instrument|jdbc|jms|messaging|orm|oxm|r2dbc|test|tx|web|webflux|webmvc|websocket)$/,
    classes: 'org/springframework/',
    groupId: 'org.springframework',
  },
  { artifact: /^spring-jcl$/, classes: 'org/apache/commons/logging/', groupId: 'org.springframework' },
  // Empty archives; the name is kept free for them by a rule of the project.
  { artifact: /^spring-boot-starter(?:-[a-z0-9-]+)?$/, classes: 'META-INF/', groupId: 'org.springframework.boot' },
  { artifact: /^spring-kafka$/, classes: 'org/springframework/kafka/', groupId: 'org.springframework.kafka' },
  { artifact: /^spring-(?:amqp|rabbit)$/, classes: 'org/springframework/amqp/', groupId: 'org.springframework.amqp' },
  { artifact: /^spring-ldap-core$/, classes: 'org/springframework/ldap/', groupId: 'org.springframework.ldap' },
  { artifact: /^tomcat-embed-[a-z]+$/, classes: 'org/apache/', groupId: 'org.apache.tomcat.embed' },
  { artifact: /^tomcat-[a-z-]+$/, classes: 'org/apache/', groupId: 'org.apache.tomcat' },
  {
    artifact: /^catalina$/,
    classes: 'org/apache/catalina/',
    groupId: 'org.apache.tomcat',
    artifactId: 'tomcat-catalina',
  },
  {
    artifact: /^kafka-(?:clients|streams|server-common|storage|raft|metadata)$/,
    classes: 'org/apache/kafka/',
    groupId: 'org.apache.kafka',
  },
  { artifact: /^kafka_2\.1[123]$/, classes: 'kafka/', groupId: 'org.apache.kafka' },
  { artifact: /^okhttp$/, classes: 'okhttp3/', groupId: 'com.squareup.okhttp3' },
  { artifact: /^okio(?:-jvm)?$/, classes: 'okio/', groupId: 'com.squareup.okio' },
  { artifact: /^kotlin-(?:stdlib|reflect)(?:-[a-z0-9-]+)?$/, classes: 'kotlin/', groupId: 'org.jetbrains.kotlin' },
  { artifact: /^scala-(?:library|reflect|compiler)$/, classes: 'scala/', groupId: 'org.scala-lang' },
  { artifact: /^akka-[a-z-]+_[0-9.]+$/, classes: 'akka/', groupId: 'com.typesafe.akka' },
  { artifact: /^lucene-[a-z-]+$/, classes: 'org/apache/lucene/', groupId: 'org.apache.lucene' },
  { artifact: /^elasticsearch(?:-[a-z-]+)?$/, classes: 'org/elasticsearch/', groupId: 'org.elasticsearch' },
  { artifact: /^bc(?:prov|pkix|pg|mail|util|tls)-jdk\w+$/, classes: 'org/bouncycastle/', groupId: 'org.bouncycastle' },
  { artifact: /^dom4j$/, classes: 'org/dom4j/', groupId: 'org.dom4j', versions: /^2\./ },
  { artifact: /^dom4j$/, classes: 'org/dom4j/', groupId: 'dom4j', versions: /^1\./ },
  {
    artifact: /^groovy(?:-[a-z]+)*$/,
    classes: 'org/codehaus/groovy/',
    groupId: 'org.codehaus.groovy',
    versions: /^[1-3]\./,
  },
  {
    artifact: /^groovy(?:-[a-z]+)*$/,
    classes: 'org/codehaus/groovy/',
    groupId: 'org.apache.groovy',
    versions: /^[4-9]\./,
  },
  { artifact: /^hibernate-core$/, classes: 'org/hibernate/', groupId: 'org.hibernate', versions: /^[3-5]\./ },
  { artifact: /^hibernate-core$/, classes: 'org/hibernate/', groupId: 'org.hibernate.orm', versions: /^[67]\./ },
  { artifact: /^lz4-java$/, classes: 'net/jpountz/', groupId: 'org.lz4' },
  { artifact: /^xpp3(?:_min)?$/, classes: 'org/xmlpull/', groupId: 'xpp3' },
  { artifact: /^xmlpull$/, classes: 'org/xmlpull/', groupId: 'xmlpull' },
  { artifact: /^checker-qual$/, classes: 'org/checkerframework/', groupId: 'org.checkerframework' },
  { artifact: /^antlr$/, classes: 'antlr/', groupId: 'antlr' },
  { artifact: /^postgresql$/, classes: 'org/postgresql/', groupId: 'org.postgresql' },
  { artifact: /^mysql-connector-java$/, classes: 'com/mysql/', groupId: 'mysql' },
  { artifact: /^mysql-connector-j$/, classes: 'com/mysql/', groupId: 'com.mysql' },
  { artifact: /^xstream$/, classes: 'com/thoughtworks/xstream/', groupId: 'com.thoughtworks.xstream' },
  { artifact: /^log4j$/, classes: 'org/apache/log4j/', groupId: 'log4j' },
  {
    artifact: /^log4j-(?:core|api|web|slf4j-impl|1\.2-api|jcl|jul)$/,
    classes: 'org/apache/',
    groupId: 'org.apache.logging.log4j',
  },
  { artifact: /^commons-collections$/, classes: 'org/apache/commons/collections/', groupId: 'commons-collections' },
  { artifact: /^commons-fileupload$/, classes: 'org/apache/commons/fileupload/', groupId: 'commons-fileupload' },
  { artifact: /^commons-beanutils$/, classes: 'org/apache/commons/beanutils/', groupId: 'commons-beanutils' },
  { artifact: /^commons-io$/, classes: 'org/apache/commons/io/', groupId: 'commons-io' },
  { artifact: /^struts2-core$/, classes: 'org/apache/struts2/', groupId: 'org.apache.struts' },
  { artifact: /^reactor-netty(?:-[a-z]+)?$/, classes: 'reactor/netty/', groupId: 'io.projectreactor.netty' },
  { artifact: /^reactor-core$/, classes: 'reactor/core/', groupId: 'io.projectreactor' },
  { artifact: /^snakeyaml$/, classes: 'org/yaml/snakeyaml/', groupId: 'org.yaml' },
  { artifact: /^h2$/, classes: 'org/h2/', groupId: 'com.h2database' },
  { artifact: /^gson$/, classes: 'com/google/gson/', groupId: 'com.google.code.gson' },
  { artifact: /^guava$/, classes: 'com/google/common/', groupId: 'com.google.guava' },
  { artifact: /^protobuf-java(?:-util)?$/, classes: 'com/google/protobuf/', groupId: 'com.google.protobuf' },
  { artifact: /^grpc-[a-z-]+$/, classes: 'io/grpc/', groupId: 'io.grpc' },
  { artifact: /^micronaut-[a-z-]+$/, classes: 'io/micronaut/', groupId: 'io.micronaut' },
  { artifact: /^jna(?:-platform)?$/, classes: 'com/sun/jna/', groupId: 'net.java.dev.jna' },
  { artifact: /^netty-[a-z0-9-]+$/, classes: 'io/netty/', groupId: 'io.netty' },
];

/** The group of an artifact of these families, and its name, when the archive has their classes. */
export function familyOf(artifactId: string, version: string, archive: Pick<ArchiveSight, 'hasBelow'>) {
  const family = families.find(
    ({ artifact, classes, versions }) =>
      artifact.test(artifactId) && (versions?.test(version) ?? true) && archive.hasBelow(classes),
  );
  return family && { groupId: family.groupId, artifactId: family.artifactId ?? artifactId };
}
