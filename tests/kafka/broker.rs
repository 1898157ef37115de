//! A real Apache Kafka broker, out of Maven Central, and the real Python client, out of `PyPI`.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::installed::{installed, run, venv};

const PATIENCE: Duration = Duration::from_mins(2);
const PASSWORD: &str = "Endpoint=sb://localhost/;SharedAccessKeyName=test;SharedAccessKey=c2VjcmV0";

/// Ends the broker where the test has ended, however it did, and clears its folder away.
const LEASH: &str =
    r#"folder=$1; shift; "$@" & cat > /dev/null; kill -9 $!; wait $!; rm -rf "$folder""#;

/// A broker with the shape of Event Hubs' Kafka endpoint: TLS, SASL PLAIN, the user
/// `$ConnectionString`.
pub struct Broker {
    /// Held, since the broker ends with it.
    _child: Child,
    folder: PathBuf,
    port: u16,
}

/// This folder's own files.
pub fn home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/kafka")
}

/// The one broker of these tests.
pub fn broker() -> &'static Broker {
    static BROKER: OnceLock<Broker> = OnceLock::new();
    BROKER.get_or_init(Broker::start)
}

impl Broker {
    fn start() -> Self {
        let jars = installed("kafka-jars", &home().join("pom.xml"), |jars| {
            let mut maven = Command::new("mvn");
            maven.args(["-B", "-q", "dependency:copy-dependencies", "-f"]);
            maven.arg(home().join("pom.xml"));
            maven.arg(format!("-DoutputDirectory={}", jars.display()));
            run(&mut maven, "Maven 3 is needed for Kafka's jars");
        });
        let folder = tempfile::tempdir().unwrap().keep();
        certificate(&folder);
        let (port, controller) = (free_port(), free_port());
        let settings = folder.join("server.properties");
        fs::write(&settings, properties(&folder, port, controller)).unwrap();
        let mut format = java(&jars, "kafka.tools.StorageTool");
        format.args(["format", "-t", "MkU3OEVBNTcwNTJENDM2Qg", "-c"]);
        run(format.arg(&settings), "the broker's storage");
        let log = File::create(folder.join("broker.log")).unwrap();
        let server = java(&jars, "kafka.Kafka");
        let child = Command::new("sh")
            .args(["-c", LEASH, "sh"])
            .arg(&folder)
            .arg(server.get_program())
            .args(server.get_args())
            .arg(&settings)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let broker = Self {
            _child: child,
            folder,
            port,
        };
        broker.configure_clients();
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let said = || fs::read_to_string(broker.folder.join("broker.log")).unwrap();
            assert!(
                start.elapsed() < PATIENCE,
                "the broker does not listen: {}",
                said()
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        broker
    }

    /// A producer's configuration.
    pub fn producer(&self) -> PathBuf {
        self.folder.join("producer.properties")
    }

    /// A consumer's configuration.
    pub fn consumer(&self) -> PathBuf {
        self.folder.join("consumer.properties")
    }

    /// Writes the clients' configurations, as docs/kafka.md has them; all that is the broker's own is
    /// in them. Batches are small and little of a partition is asked for at a time, so that one batch
    /// of the host mixes partitions, as it does where records keep coming.
    fn configure_clients(&self) {
        let common = format!(
            "# Apache Kafka with SASL PLAIN over TLS\nbootstrap.servers=127.0.0.1:{}\n\
             security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=$ConnectionString\n\
             sasl.password={PASSWORD}\nssl.ca.location={}/ca.pem\n",
            self.port,
            self.folder.display()
        );
        for (file, more) in [
            (self.producer(), "batch.num.messages=8\n"),
            (self.consumer(), "max.partition.fetch.bytes=2048\n"),
        ] {
            fs::write(file, format!("{common}{more}")).unwrap();
        }
    }
}

/// The interpreter that has the client.
pub fn python() -> PathBuf {
    venv("kafka-python", &home().join("requirements.txt")).join("bin/python")
}

fn java(jars: &Path, main: &str) -> Command {
    let mut java = Command::new("java");
    java.args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
    java.arg(format!(
        "-Dlog4j.configuration=file:{}/log4j.properties",
        home().display()
    ));
    java.arg("-cp").arg(format!("{}/*", jars.display()));
    java.arg(main);
    java
}

/// A certificate of this machine, for the broker and for its clients.
fn certificate(folder: &Path) {
    let keytool = |arguments: &[&str]| {
        let mut keytool = Command::new("keytool");
        keytool.current_dir(folder).args(arguments);
        keytool.args([
            "-alias",
            "broker",
            "-keystore",
            "broker.p12",
            "-storepass",
            "changeit",
        ]);
        run(&mut keytool, "Java's keytool");
    };
    let names = [
        "-dname",
        "CN=localhost",
        "-ext",
        "san=dns:localhost,ip:127.0.0.1",
    ];
    let key = [
        "-genkeypair",
        "-keyalg",
        "RSA",
        "-storetype",
        "PKCS12",
        "-validity",
        "2",
    ];
    keytool(&[&key[..], &names].concat());
    keytool(&["-exportcert", "-rfc", "-file", "ca.pem"]);
}

fn properties(folder: &Path, port: u16, controller: u16) -> String {
    let folder = folder.display();
    format!(
        r#"process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listeners=CLIENTS://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=CLIENTS://127.0.0.1:{port}
listener.security.protocol.map=CLIENTS:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=CLIENTS
sasl.enabled.mechanisms=PLAIN
sasl.mechanism.inter.broker.protocol=PLAIN
listener.name.clients.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="$ConnectionString" password="{PASSWORD}" user_$ConnectionString="{PASSWORD}";
ssl.keystore.type=PKCS12
ssl.keystore.location={folder}/broker.p12
ssl.keystore.password=changeit
ssl.truststore.type=PEM
ssl.truststore.location={folder}/ca.pem
log.dirs={folder}/data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
"#
    )
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}
